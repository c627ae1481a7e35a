//! The match expressions of a Globus mapping document: a small part of POSIX extended regular
//! expressions.
//!
//! `.`, `?`, `*`, `|` and `( )` mean something, a backslash takes their meaning away, everything
//! else stands for itself. The language is Globus's (`expression_identity_mapping#1.0.0`, package
//! globus-identity-mapping). Where its Python is laxer than its manual, so that a part of a text or
//! a construct of Python's own would match, the manual counts: an expression matches a whole text
//! or nothing. Pure.

use regex::{Captures, Regex, RegexBuilder};

/// More than any sound expression needs; keeps what is compiled small.
const MAX_BYTES: usize = 4096;
/// Parentheses in parentheses, at most.
const MAX_DEPTH: usize = 32;

/// A checked expression.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    regex: Regex,
    /// What stands before the only `(.*)` and after it; or a plain text.
    shape: Option<(String, Option<String>)>,
}

impl Expression {
    /// Reads an expression; `literal`: no character means anything but itself.
    ///
    /// # Errors
    /// What in it is not of the language.
    pub(super) fn new(text: &str, ignore_case: bool, literal: bool) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("it is longer than {MAX_BYTES} bytes"));
        }
        let inner = if literal {
            regex::escape(text)
        } else {
            translate(text)?
        };
        // (?: ) so that the ends hold for every branch, not only for the first and the last.
        let regex = RegexBuilder::new(&format!(r"\A(?:{inner})\z"))
            .case_insensitive(ignore_case)
            .build();
        let regex = regex.map_err(|_| "it is too large or not a regular expression".to_owned())?;
        let shape = if literal {
            Some((text.to_owned(), None))
        } else {
            shape(text)
        };
        Ok(Self { regex, shape })
    }

    /// How many parentheses there are to refer to.
    pub(super) fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    /// What it looks like, if it is plain text with at most one `(.*)` in it: the text before, and
    /// that after.
    pub(super) fn shape(&self) -> Option<(&str, Option<&str>)> {
        self.shape
            .as_ref()
            .map(|(before, after)| (before.as_str(), after.as_deref()))
    }

    /// What the parentheses hold, if the whole text matches.
    pub(super) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.regex.captures(text)
    }
}

fn shape(text: &str) -> Option<(String, Option<String>)> {
    let (before, after) = match text.split_once("(.*)") {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    };
    let plain = |text: &str| {
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => out.push(chars.next()?),
                '.' | '?' | '*' | '|' | '(' | ')' => return None,
                other => out.push(other),
            }
        }
        Some(out)
    };
    let after = match after {
        Some(after) => Some(plain(after)?),
        None => None,
    };
    Some((plain(before)?, after))
}

/// Writes an expression in the words of the `regex` crate.
fn translate(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    // Whether there is something that ? and * can repeat.
    let mut repeatable = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if matches!(c, '?' | '*') && !repeatable {
            return Err(format!("there is nothing that this {c} can repeat"));
        }
        // What follows a repetition would make it lazy, possessive or double.
        repeatable = !matches!(c, '?' | '*' | '(' | '|');
        match c {
            '(' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("parentheses are more than {MAX_DEPTH} deep"));
                }
            }
            ')' => depth = depth.checked_sub(1).ok_or("a ) has no (")?,
            _ => {}
        }
        match c {
            '\\' => out.extend(['\\', escaped(chars.next())?]),
            '?' | '*' | '(' | ')' | '|' | '.' => out.push(c),
            other => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    if depth > 0 {
        Err("a ( has no )".to_owned())
    } else {
        Ok(out)
    }
}

/// What stands behind a backslash.
fn escaped(c: Option<char>) -> Result<char, String> {
    match c {
        Some(c @ ('.' | '?' | '*' | '|' | '(' | ')' | '\\')) => Ok(c),
        Some(digit @ '0'..='9') => Err(format!(
            "\\{digit} refers back to a group, which is not supported"
        )),
        Some(other) => Err(format!("there is no \\{}", other.escape_debug())),
        None => Err("it ends in a backslash".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(expression: &str, text: &str) -> bool {
        Expression::new(expression, false, false)
            .unwrap()
            .captures(text)
            .is_some()
    }

    #[test]
    fn a_whole_text_matches_or_nothing() {
        assert!(matches(r"(.*)@example\.org", "alice@example.org"));
        for text in [
            "alice@example.org.evil.net",
            "alice@exampleXorg",
            "alice@example.org\n",
            "",
            "\nalice@example.org",
        ] {
            assert!(!matches(r"(.*)@example\.org", text), "{text:?}");
        }
        // Python's ^a|b$ would let both of these through.
        assert!(!matches(r"alice@a\.org|bob@b\.org", "alice@a.org.evil.net"));
        assert!(!matches(r"alice@a\.org|bob@b\.org", "xbob@b.org"));
        assert!(matches(r"alice@a\.org|bob@b\.org", "bob@b.org"));
    }

    #[test]
    fn a_star_takes_as_much_as_it_can() {
        let nasty = "sirosen@globus.org@accounts.google.com";
        let expression = Expression::new(r"(.*)@accounts\.google\.com", false, false).unwrap();
        assert_eq!(
            &expression.captures(nasty).unwrap()[1],
            "sirosen@globus.org"
        );
        assert!(!matches(r"(.*)@globus\.org", nasty));
        let expression = Expression::new("(.*)@(.*)", false, false).unwrap();
        let captures = expression.captures(nasty).unwrap();
        assert_eq!(
            (&captures[1], &captures[2]),
            ("sirosen@globus.org", "accounts.google.com")
        );
        assert_eq!(expression.groups(), 2);
    }

    #[test]
    fn other_characters_stand_for_themselves() {
        for text in ["a+b", "^a$", "{1}", "[ab]", "a-b&&c~~d#", "x{2}"] {
            assert!(matches(text, text), "{text}");
        }
        assert!(!matches("a+", "aa"));
        assert!(!matches("[ab]", "a"));
        assert!(!matches("a{2}", "aa"));
        assert!(matches("a[*", "a[[["));
        assert!(matches(r"\(\.\*\)\|\?\\", r"(.*)|?\"));
        assert!(matches("colou?r(ful|less)*", "colorfulless"));
        assert!(matches("(a|)b", "b"));
        assert!(!matches("a.b", "a\nb"));
    }

    #[test]
    fn literally_nothing_means_anything() {
        let literal = |text: &str| Expression::new(text, false, true).unwrap();
        assert!(literal(r"(.*)@x\.org").captures(r"(.*)@x\.org").is_some());
        assert!(literal(r"(.*)@x\.org").captures("a@x.org").is_none());
        assert_eq!(literal("(.*)").groups(), 0);
        assert!(literal("*").captures("*").is_some());
    }

    #[test]
    fn letters_of_either_size_match_if_that_is_asked_for() {
        for literal in [false, true] {
            assert!(
                Expression::new("alice@x", true, literal)
                    .unwrap()
                    .captures("ALICE@X")
                    .is_some()
            );
            assert!(
                Expression::new("alice@x", false, literal)
                    .unwrap()
                    .captures("ALICE@X")
                    .is_none()
            );
        }
    }

    #[test]
    fn what_is_not_of_the_language_is_refused() {
        for (text, reason) in [
            ("*a", "nothing that this *"),
            ("?", "nothing that this ?"),
            ("a*?", "nothing that this ?"),
            ("a??", "nothing that this ?"),
            ("a**", "nothing that this *"),
            ("a?*", "nothing that this *"),
            ("(*a)", "nothing that this *"),
            ("a|*", "nothing that this *"),
            // Constructs of Python's and Rust's own.
            ("(?i)a", "nothing that this ?"),
            ("(?:a)", "nothing that this ?"),
            ("(?P<x>a)", "nothing that this ?"),
            (r"(a)\1", "refers back"),
            (r"\0", "refers back"),
            (r"\d", "there is no"),
            (r"\+", "there is no"),
            (r"\b", "there is no"),
            ("\\\u{1b}", "there is no"),
            ("a\\", "ends in a backslash"),
            ("(a", "a ( has no )"),
            ("a)", "a ) has no ("),
        ] {
            let error = Expression::new(text, false, false).unwrap_err();
            assert!(
                error.contains(reason) && !error.contains('\u{1b}'),
                "{text:?}: {error}"
            );
        }
        assert!(Expression::new(&"(".repeat(100), false, false).is_err());
        assert!(Expression::new(&"a".repeat(10_000), false, false).is_err());
    }

    #[test]
    fn no_text_takes_long() {
        let expression = Expression::new("(a*)*(a*)*(a*)*b", false, false).unwrap();
        assert!(expression.captures(&"a".repeat(2000)).is_none());
    }
}
