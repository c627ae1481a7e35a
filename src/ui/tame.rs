//! Data in which a terminal finds nothing to obey.

/// Whether a terminal does something instead of showing it.
pub(super) fn is_obeyed(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// Whether it changes the direction of what stands around it.
pub(super) fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same text, in which such characters are spelled out.
pub(super) fn tame(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_obeyed(c) || turns(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::tame;

    #[test]
    fn data_on_a_terminal_obeys_nobody() {
        assert_eq!(
            tame("Zo\u{eb}\t\u{1b}[2J\u{9b}1m\u{202e}\n\u{646}\u{635}"),
            "Zo\u{eb}\t\\u{1b}[2J\\u{9b}1m\\u{202e}\n\u{646}\u{635}"
        );
    }
}
