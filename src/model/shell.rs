//! Words for a POSIX shell: what a person pastes into one must mean there what it means here.
//!
//! Used for the lines that the log shows with `-vv`. Rules: POSIX.1-2017, Shell Command Language 2.2 (quoting), and
//! printf(1p) for characters that a terminal would obey. Pure.

use std::fmt::Write as _;

use super::text::shown_as_it_is;

/// A word, quoted if it needs it. A character that a terminal obeys is written as printf(1p) writes it; a line break at
/// the end of such a word is lost, as in every command substitution.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+:,./_-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if text.chars().all(is_shown) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut format = String::new();
    for c in text.chars() {
        match c {
            '%' => format.push_str("%%"),
            '\\' => format.push_str(r"\\"),
            '\'' => format.push_str(r"\047"),
            c if is_shown(c) => format.push(c),
            c => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    // Writing to a string cannot fail.
                    let _ = write!(format, "\\{byte:03o}");
                }
            }
        }
    }
    format!("\"$(printf '{format}')\"")
}

/// What prints the secret in a file: its first line without the line end. The secret itself is in no argument, where
/// others could see it.
pub(crate) fn secret(file: &str) -> String {
    format!("head -n 1 {} | tr -d '\\r\\n'", word(file))
}

/// Whether a character may stand between single quotes.
pub(crate) fn is_shown(c: char) -> bool {
    c == ' ' || shown_as_it_is(c)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_plain_word_stays_as_it_is() {
        assert_eq!(word("ldaps://a.example:636"), "ldaps://a.example:636");
        assert_eq!(word(""), "''");
        assert_eq!(word("(cn=a b)"), "'(cn=a b)'");
        assert_eq!(word("it's"), r"'it'\''s'");
    }

    #[test]
    fn what_a_terminal_obeys_is_written_as_octal_digits() {
        assert_eq!(word("a\u{1b}[2J"), r#""$(printf 'a\033[2J')""#);
        assert_eq!(word("50%\t\\'"), r#""$(printf '50%%\011\\\047')""#);
        assert!(!word("a\u{202e}b").contains('\u{202e}'));
    }

    #[test]
    fn a_secret_is_named_by_its_file() {
        assert_eq!(
            secret("/etc/my dir/pw"),
            r"head -n 1 '/etc/my dir/pw' | tr -d '\r\n'"
        );
    }

    /// Whatever a word holds, sh(1) reads it as it was.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "the judge is the real shell")]
    fn the_shell_reads_what_was_written() {
        for text in [
            "",
            "a b",
            "it's",
            "$HOME `id` $(id) \"x\" \\ !! ~ * ? [a] {a,b} #",
            "\u{1b}[2J\r\n\tx",
            "50% \u{202e}\u{7f}\\n'",
            "Zoë",
            "-n",
            "=ls",
        ] {
            let script = format!("printf %s. {}", word(text));
            let out = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(
                String::from_utf8(out.stdout).unwrap(),
                format!("{text}."),
                "{script}"
            );
        }
    }
}
