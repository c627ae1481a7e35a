//! The filter language of the original, for group names.
//!
//! A filter is a list of words that work on a stack: an exact name, a glob (`osg.*`) or `/regex/`, each with an
//! optional leading `!`, pushes whether it matches; `and`, `or` and `not` work on what stands before them. The last
//! value decides. `["osg.*", "!osg.test", "and"]` means: all of osg but its test group.

use std::str::Chars;
use std::sync::Arc;

use regex::Regex;
use serde::Deserialize;

/// The classes of characters that may stand between brackets (POSIX.1-2017, Base Definitions, 9.3.5).
const CLASSES: [&str; 12] = [
    "[:alnum:]",
    "[:alpha:]",
    "[:blank:]",
    "[:cntrl:]",
    "[:digit:]",
    "[:graph:]",
    "[:lower:]",
    "[:print:]",
    "[:punct:]",
    "[:space:]",
    "[:upper:]",
    "[:xdigit:]",
];

/// A filter over names.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Filter {
    words: Vec<Word>,
    /// Those that no operator joins with the last one, and that decide nothing.
    idle: Vec<String>,
}

#[derive(Clone, Debug)]
enum Word {
    And,
    Or,
    Not,
    Match { negated: bool, pattern: Pattern },
}

#[derive(Clone, Debug)]
enum Pattern {
    Exact(String),
    Expression(Regex),
    Nested(Arc<Filter>),
}

impl Default for Filter {
    /// Lets everything through.
    fn default() -> Self {
        Self {
            words: Vec::new(),
            idle: Vec::new(),
        }
    }
}

/// Why words are no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// A word is neither a name nor a pattern.
    #[error("`{word}` is no pattern")]
    NoPattern {
        /// The word.
        word: String,
    },
    /// A word is a pattern that cannot be read, or too large a one.
    #[error("`{word}` is no pattern: {why}")]
    Unreadable {
        /// The word.
        word: String,
        /// What the parser says.
        why: String,
    },
    /// An operator lacks operands.
    #[error("`{operator}` stands after too few patterns")]
    TooFewPatterns {
        /// The operator.
        operator: &'static str,
    },
}

impl TryFrom<Vec<String>> for Filter {
    type Error = BadFilter;
    fn try_from(words: Vec<String>) -> Result<Self, BadFilter> {
        // The default, as it is written.
        if words == ["*"] {
            return Ok(Self::default());
        }
        Self::new(&words)
    }
}

impl Filter {
    /// Reads a filter; an empty one lets everything through.
    ///
    /// # Errors
    /// When a word is no pattern, or an operator lacks operands.
    pub fn new<S: AsRef<str>>(words: &[S]) -> Result<Self, BadFilter> {
        Self::with_star(words, None)
    }

    /// Reads a filter in which the word `*` stands for the filter `star`, if there is one.
    ///
    /// # Errors
    /// As [`Filter::new`].
    pub fn with_star<S: AsRef<str>>(
        words: &[S],
        star: Option<&Arc<Filter>>,
    ) -> Result<Self, BadFilter> {
        let mut all = Vec::with_capacity(words.len());
        // The words of which each value on the stack is made.
        let mut stack: Vec<Vec<&str>> = Vec::new();
        for text in words.iter().map(AsRef::as_ref) {
            let word = Word::new(text, star)?;
            let (takes, operator) = match word {
                Word::And => (2, "and"),
                Word::Or => (2, "or"),
                Word::Not => (1, "not"),
                Word::Match { .. } => (0, ""),
            };
            let rest = stack
                .len()
                .checked_sub(takes)
                .ok_or(BadFilter::TooFewPatterns { operator })?;
            let mut made = stack.split_off(rest).concat();
            made.push(text);
            stack.push(made);
            all.push(word);
        }
        stack.pop();
        let idle = stack.into_iter().flatten().map(str::to_owned).collect();
        Ok(Self { words: all, idle })
    }

    /// The words that have no effect, since no `and` or `or` joins them with the last one.
    pub fn idle(&self) -> &[String] {
        &self.idle
    }

    /// Whether `name` passes.
    pub fn matches(&self, name: &str) -> bool {
        let mut stack = Vec::with_capacity(self.words.len());
        for word in &self.words {
            let value = match word {
                Word::Match { negated, pattern } => pattern.matches(name) != *negated,
                Word::Not => !stack.pop().unwrap_or(false),
                Word::And | Word::Or => {
                    let (b, a) = (stack.pop().unwrap_or(false), stack.pop().unwrap_or(false));
                    if matches!(word, Word::And) {
                        a && b
                    } else {
                        a || b
                    }
                }
            };
            stack.push(value);
        }
        stack.pop().unwrap_or(true)
    }
}

impl Word {
    fn new(text: &str, star: Option<&Arc<Filter>>) -> Result<Self, BadFilter> {
        match text {
            "and" => return Ok(Word::And),
            "or" => return Ok(Word::Or),
            "not" => return Ok(Word::Not),
            _ => {}
        }
        let (negated, body) = text
            .strip_prefix('!')
            .map_or((false, text), |rest| (true, rest));
        let pattern = if let Some(star) = star.filter(|_| body == "*") {
            Pattern::Nested(Arc::clone(star))
        } else if let Some(regex) = body.strip_prefix('/').and_then(|b| b.strip_suffix('/')) {
            Pattern::Expression(build(regex, text)?)
        } else if body.contains(['*', '?', '[']) {
            Pattern::Expression(build(&glob_to_regex(body), text)?)
        } else if body.is_empty() {
            let word = text.to_owned();
            return Err(BadFilter::NoPattern { word });
        } else {
            Pattern::Exact(body.to_owned())
        };
        Ok(Word::Match { negated, pattern })
    }
}

fn build(regex: &str, word: &str) -> Result<Regex, BadFilter> {
    regex::RegexBuilder::new(regex)
        .size_limit(1 << 20)
        .build()
        .map_err(|e| BadFilter::Unreadable {
            word: word.to_owned(),
            why: super::names::why(&e),
        })
}

/// A glob as a regular expression for the whole name: `*`, `?` and `[...]` as in fnmatch(3) without flags, except that a
/// backslash stands for itself. Crates for globs are about paths: they match bytes, give `**` a meaning, or have no
/// classes such as `[:alpha:]`.
fn glob_to_regex(glob: &str) -> String {
    let mut out = String::from("^(?s:");
    let mut rest = glob.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' => bracket_to_regex(&mut rest, &mut out),
            _ => push_literal(c, &mut out),
        }
    }
    out.push_str(")$");
    out
}

/// What follows a `[` of a glob, up to its `]`. A `]` that comes first is one of the characters. Without an end the
/// expression has none either, and is refused.
fn bracket_to_regex(rest: &mut Chars<'_>, out: &mut String) {
    out.push('[');
    if let Some(after) = rest.as_str().strip_prefix(['!', '^']) {
        *rest = after.chars();
        out.push('^');
    }
    let (mut first, mut range) = (true, false);
    while let Some(c) = rest.next() {
        let class = CLASSES.iter().find(|class| {
            let rest = rest.as_str();
            c == '['
                && class
                    .strip_prefix('[')
                    .is_some_and(|class| rest.starts_with(class))
        });
        let begins_range = c == '-' && !first && !range && !rest.as_str().starts_with(']');
        match (c, class) {
            (']', _) if !first => return out.push(']'),
            _ if begins_range => out.push('-'),
            (_, Some(class)) => {
                out.push_str(class);
                *rest = rest.as_str()[class.len() - 1..].chars();
            }
            _ => push_literal(c, out),
        }
        (first, range) = (false, begins_range);
    }
}

/// A character that stands for itself, between brackets too.
fn push_literal(c: char, out: &mut String) {
    // A backslash before any sign would not do: `\<` is where a word begins.
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

impl Pattern {
    fn matches(&self, name: &str) -> bool {
        match self {
            Pattern::Exact(text) => text == name,
            Pattern::Expression(regex) => regex.is_match(name),
            Pattern::Nested(filter) => filter.matches(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_nothing_joins_are_told() {
        let idle = |words: &[&str]| Filter::new(words).unwrap().idle().to_vec();
        assert!(idle(&[]).is_empty() && idle(&["a"]).is_empty());
        assert!(idle(&["a", "b", "or", "!c", "and"]).is_empty());
        assert_eq!(idle(&["a", "b", "c"]), ["a", "b"]);
        assert_eq!(
            idle(&["a", "b", "and", "not", "c", "d", "or"]),
            ["a", "b", "and", "not"]
        );
    }

    fn passes(words: &[&str], name: &str) -> bool {
        Filter::new(words).unwrap().matches(name)
    }

    #[test]
    fn names_globs_and_expressions_match() {
        assert!(passes(&["osg"], "osg"));
        assert!(!passes(&["osg"], "osg.test"));
        assert!(passes(&["osg.*"], "osg.test"));
        assert!(!passes(&["osg.*"], "osgx"));
        assert!(passes(&["[ab]?"], "b1"));
        assert!(!passes(&["[!ab]*"], "b1"));
        assert!(passes(&["<*>?"], "<a>b") && !passes(&["<*"], "a"));
        assert!(passes(&["[<a]*[>-]"], "<a>") && !passes(&["[<]"], "a"));
        assert!(passes(&["/^o.g/"], "osg.test"));
        assert!(passes(&["!osg"], "cms"));
        assert!(passes(&["*"], "anything at all"));
    }

    #[test]
    fn brackets_are_read_as_fnmatch_reads_them() {
        for (pattern, yes, no) in [
            ("[[]*", "[a]", "a"),
            ("[]ab]x", "]x", "[x"),
            ("[!]]", "a", "]"),
            ("[^a]", "^", "a"),
            ("[a^]", "^", "b"),
            ("[a-c]", "b", "-"),
            ("[a-]", "-", "b"),
            ("[-a]", "-", "b"),
            ("[+--]", ",", "."),
            ("[&&a]", "&", "b"),
            ("[a~~b]", "~", "c"),
            ("[\\d]", "\\", "7"),
            ("[[:digit:][]", "[", ":"),
            ("[[:alpha:]]", "b", "7"),
            ("[![:upper:]]", "b", "B"),
            ("[[:a]", ":", "b"),
            ("zo?", "zoë", "zo"),
            ("[à-ý]", "ë", "e"),
            ("**/a", "x/a", "a"),
            ("{a,b}*", "{a,b}", "a"),
            ("a]*", "a]", "a"),
            ("O*", "Osg", "osg"),
            ("*", "a\nb/c", ""),
        ] {
            assert!(passes(&[pattern], yes), "{pattern} {yes}");
            assert!(no.is_empty() || !passes(&[pattern], no), "{pattern} {no}");
        }
        for bad in ["[", "[]", "[!]", "[a", "[z-a]"] {
            assert!(Filter::new(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn words_work_on_what_stands_before_them() {
        let words = ["osg.*", "!osg.test", "and"];
        assert!(passes(&words, "osg.one"));
        assert!(!passes(&words, "osg.test"));
        assert!(passes(&["a", "b", "or"], "b"));
        assert!(passes(&["a", "not"], "b"));
    }

    #[test]
    fn of_several_bare_patterns_the_last_decides() {
        assert!(!passes(&["osg", "cms"], "osg"));
        assert!(passes(&[], "osg"));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            vec!["and"],
            vec!["a", "or"],
            vec!["/(/"],
            vec!["!"],
            vec!["not"],
        ] {
            assert!(Filter::new(&bad).is_err(), "{bad:?}");
        }
    }
}
