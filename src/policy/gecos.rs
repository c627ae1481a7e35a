//! Cleans a person's name for the gecos field.
//!
//! Names keep their script. What could break the line, its sub-fields or a terminal is dropped: Unicode categories
//! Cc, Cf, Cs, Co, Cn, Zl and Zp, the separators `:` and `,`, and `&`, which old readers replace by the login
//! (docs/threats.md, threats V1 to V3; chfn(1); CVE-2023-29383).

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

/// The longest gecos, in bytes.
pub(crate) const MAX_BYTES: usize = 200;

#[allow(clippy::expect_used)] // a constant, compiled by the tests
static UNWANTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{C}\p{Zl}\p{Zp}]").expect("a valid class"));

/// The name as it may stand in passwd: composed (NFC), single blanks, at most [`MAX_BYTES`].
pub(crate) fn clean(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    if name.is_ascii() {
        push_clean(
            name.chars()
                .map(|c| if c.is_ascii_control() { ' ' } else { c }),
            &mut out,
        );
    } else {
        let visible = UNWANTED.replace_all(name, " ");
        // What is dropped goes first: it may keep apart what composing puts in order.
        push_clean(visible.chars().filter(|c| *c != '&').nfc(), &mut out);
    }
    out
}

fn push_clean(chars: impl Iterator<Item = char>, out: &mut String) {
    let mut pending_blank = false;
    for c in chars {
        if c.is_whitespace() || matches!(c, ':' | ',') {
            pending_blank = true;
            continue;
        }
        if c == '&' {
            continue;
        }
        let blank = usize::from(pending_blank && !out.is_empty());
        if out.len() + blank + c.len_utf8() > MAX_BYTES {
            return;
        }
        if blank == 1 {
            out.push(' ');
        }
        pending_blank = false;
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_in_any_script_stay() {
        for name in [
            "Alice Liddell",
            "José Núñez",
            "Ōe Kenzaburō",
            "王小明",
            "Олена Пчілка",
            "محمد",
            "O'Brien-Smith",
        ] {
            assert_eq!(clean(name), name);
        }
    }

    #[test]
    fn nothing_that_breaks_a_line_or_a_terminal_stays() {
        assert_eq!(clean("Eve\nroot::0:0::/:/bin/sh"), "Eve root 0 0 / /bin/sh");
        assert_eq!(clean("a\u{202e}b\u{200b}c\u{1b}[31m"), "a b c [31m");
        assert_eq!(clean("Smith, J. & Sons"), "Smith J. Sons");
        assert_eq!(clean("e\u{301}"), "\u{e9}");
        assert_eq!(clean("\u{feff}  "), "");
        assert_eq!(
            clean("a\u{591}&\u{11d97}"),
            clean(&clean("a\u{591}&\u{11d97}"))
        );
    }

    proptest! {
        #[test]
        fn any_text_becomes_a_field(text: String) {
            let out = clean(&text);
            prop_assert!(out.len() <= MAX_BYTES);
            prop_assert!(out.chars().all(|c| !c.is_control() && !matches!(c, ':' | ',' | '&')));
            prop_assert_eq!(clean(&out), out);
        }
    }
}
