//! Cleans a person's name for the gecos field.
//!
//! Names keep their script. What could break the line, its sub-fields or a terminal is dropped: Unicode categories
//! Cc, Cf, Cs, Co, Cn, Zl and Zp, the separators `:` and `,`, and `&`, which old readers replace by the login
//! (docs/threats.md, threats V1 to V3; chfn(1); CVE-2023-29383).

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// The longest gecos, in bytes.
pub(crate) const MAX_BYTES: usize = 200;

#[allow(clippy::expect_used)] // a constant, compiled by the tests
static UNWANTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{C}\p{Zl}\p{Zp}]").expect("a valid class"));

/// The name as it may stand in passwd: composed (NFC), single blanks, at most [`MAX_BYTES`].
pub(crate) fn clean(name: &str) -> String {
    match is_clean(name) {
        true => name.to_owned(),
        false => cleaned(name),
    }
}

/// Whether nothing is to be done, as with nearly all names: found out at a fraction of what it costs to do it.
fn is_clean(name: &str) -> bool {
    let mut before = ' ';
    let is_sound = name.chars().all(|c| {
        let is_second_blank = before == ' ' && c == ' ';
        before = c;
        !is_second_blank && is_plain(c)
    });
    is_sound
        && (before != ' ' || name.is_empty())
        && name.len() <= MAX_BYTES
        && (name.chars().all(is_settled) || is_nfc(name) && !UNWANTED.is_match(name))
}

/// Whether a character is composed whatever stands beside it, and of no unwanted category: known of these letters without a look
/// into the tables of Unicode, which takes most of the time that names take. Of all others nothing is said.
fn is_settled(c: char) -> bool {
    matches!(c,
        '\0'..='\x7f'
        | '\u{c0}'..='\u{24f}' // Latin
        | '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3ce}' // Greek
        | '\u{400}'..='\u{45f}' // Cyrillic
        | '\u{5d0}'..='\u{5ea}' // Hebrew
        | '\u{621}'..='\u{63a}' | '\u{641}'..='\u{64a}' // Arabic
        | '\u{905}'..='\u{939}' // Devanagari, but for its marks
        | '\u{e01}'..='\u{e30}' // Thai, but for its marks
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' // Kana
        | '\u{4e00}'..='\u{9fef}' // Han
        | '\u{ac00}'..='\u{d7a3}' // Hangul
    )
}

/// Whether a character is neither dropped nor taken for a blank, as far as that can be told without its category.
fn is_plain(c: char) -> bool {
    match c {
        ' ' => true,
        ':' | ',' | '&' => false,
        _ if c.is_ascii() => c.is_ascii_graphic(),
        _ => !c.is_whitespace(),
    }
}

fn cleaned(name: &str) -> String {
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
    use unicode_normalization::char::canonical_combining_class;
    use unicode_normalization::{IsNormalized, is_nfc_quick};

    #[test]
    fn settled_letters_are_composed_and_wanted_whatever_stands_beside_them() {
        let settled = ('\u{80}'..=char::MAX).filter(|c| is_settled(*c));
        let mut count = 0;
        for c in settled {
            let quick = is_nfc_quick(std::iter::once(c));
            assert!(matches!(quick, IsNormalized::Yes), "{c:?}");
            assert_eq!(canonical_combining_class(c), 0, "{c:?}");
            assert!(!UNWANTED.is_match(c.encode_utf8(&mut [0; 4])), "{c:?}");
            count += 1;
        }
        assert!(count > 30_000);
    }

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

    #[test]
    fn what_is_taken_as_it_is_would_not_be_changed() {
        for (name, is) in [
            ("", true),
            ("José Núñez", true),
            ("王 小明", true),
            (" a", false),
            ("a ", false),
            ("a  b", false),
            ("a\u{a0}b", false),
            ("e\u{301}", false),
            ("ж\u{200b}", false),
            ("a,b", false),
        ] {
            assert_eq!(is_clean(name), is, "{name:?}");
        }
        assert!(is_clean(&"x".repeat(MAX_BYTES)) && !is_clean(&"x".repeat(MAX_BYTES + 1)));
    }

    proptest! {
        #[test]
        fn the_short_way_leads_where_the_long_one_does(
            name in "[A-Za-zäöéß王小ж '.&:,\u{301}\u{200b}\u{a0}-]{0,12}"
        ) {
            prop_assert_eq!(clean(&name), cleaned(&name));
        }

        #[test]
        fn any_text_becomes_a_field(text: String) {
            let out = clean(&text);
            prop_assert!(out.len() <= MAX_BYTES);
            prop_assert!(out.chars().all(|c| !c.is_control() && !matches!(c, ':' | ',' | '&')));
            prop_assert_eq!(clean(&out), out);
        }
    }
}
