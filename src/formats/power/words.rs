//! Lines and words, as configurations of several programs have them.

/// The lines of a file with their numbers; one that ends in a backslash goes on in the next. What `cut` takes for a comment
/// is gone, with a backslash at its end: it hides no line.
pub(super) fn joined(text: &str, cut: impl Fn(&str, bool) -> &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.lines()) {
        let kept = cut(line, goes_on);
        let is_whole = kept.len() == line.len();
        let backslashes = kept.bytes().rev().take_while(|b| *b == b'\\').count();
        let continues = is_whole && backslashes % 2 == 1;
        let kept = if continues {
            &kept[..kept.len() - 1]
        } else {
            kept
        };
        match out.last_mut().filter(|_| goes_on) {
            Some((_, before)) => before.push_str(kept),
            None => out.push((number, kept.to_owned())),
        }
        goes_on = continues;
    }
    out.retain(|(_, line)| !line.trim().is_empty());
    out
}

/// A line up to a `#` that stands in no quotes and behind no backslash.
pub(super) fn before_hash(line: &str) -> &str {
    before_hash_unless(line, |_| false)
}

/// The same, where a `#` begins no comment if what is behind it is something else.
pub(super) fn before_hash_unless(line: &str, is_else: impl Fn(&str) -> bool) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '#' if !quoted && !is_else(&line[at + 1..]) => return &line[..at],
            _ => {}
        }
    }
    line
}

/// The words of a line, quotes and backslashes taken away; `None`: a quote does not end.
pub(super) fn quoted_words(line: &str) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let (mut quoted, mut escaped) = (false, false);
    for c in line.chars() {
        match c {
            _ if escaped => {
                escaped = false;
                word.get_or_insert_default().push(c);
            }
            '\\' => escaped = true,
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => out.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    (!quoted).then_some(out)
}
