//! The words of a filter, and public keys, for `crate::fuzzing`.

use super::keys::{KeyOptions, fingerprints, is_marked, is_of, lines, mark, marked_id};
use super::matcher::Filter;
use crate::model::{RemoteId, SshKey};

/// A name in one line, and words in the others.
pub(crate) fn words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut all = text.split('\n');
    let name = all.next().unwrap_or_default();
    let words: Vec<&str> = all.collect();
    if let Ok(filter) = Filter::new(&words) {
        let passes = filter.matches(name);
        assert!(filter.idle().len() <= words.len());
        let not = [&words[..], &["not"]].concat();
        let not = Filter::new(&not).map(|filter| filter.matches(name));
        assert!(words.is_empty() || not == Ok(!passes), "{words:?}");
    }
    let _ = Filter::try_from(
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>(),
    );
    for word in words {
        alone(word, name);
    }
}

/// One word without an operator means what fnmatch(3) says, and with a `!` the contrary.
fn alone(word: &str, name: &str) {
    let is_other = |start: char| matches!(start, '!' | '/' | '[');
    if word.is_empty() || word.contains('[') || word.starts_with(is_other) {
        return;
    }
    if matches!(word, "and" | "or" | "not") {
        return;
    }
    let filter = Filter::new(&[word]).map(|filter| filter.matches(name));
    let negated = Filter::new(&[format!("!{word}")]).map(|filter| filter.matches(name));
    // One that is too long is refused, with `!` and without.
    assert_eq!(filter.is_ok(), negated.is_ok(), "{word:?}");
    if let (Ok(filter), Ok(negated)) = (filter, negated) {
        let (word_chars, name_chars): (Vec<char>, Vec<char>) =
            (word.chars().collect(), name.chars().collect());
        assert_eq!(
            filter,
            globs(&word_chars, &name_chars),
            "{word:?}: {name:?}"
        );
        assert_ne!(filter, negated, "{word:?}: {name:?}");
    }
}

/// `*` and `?`, and nothing else.
fn globs(word: &[char], name: &[char]) -> bool {
    let mut ends: Vec<bool> = std::iter::once(true)
        .chain(name.iter().map(|_| false))
        .collect();
    for c in word {
        let mut next = vec![false; ends.len()];
        let mut any = false;
        for at in 0..ends.len() {
            any |= ends[at];
            next[at] = match c {
                '*' => any,
                _ => at > 0 && ends[at - 1] && (*c == '?' || *c == name[at - 1]),
            };
        }
        ends = next;
    }
    ends.last() == Some(&true)
}

/// A value that should be a public key, options, an id, or a file of keys.
pub(crate) fn keys(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, "u-1"));
    let options = KeyOptions::new(first).unwrap_or_default();
    let id = RemoteId::new(rest);
    if let Some(id) = &id {
        let comment = mark(id);
        assert!(comment.bytes().all(|b| b.is_ascii_graphic()));
        let is_plain = !id.as_str().contains('_');
        assert!(!is_plain || marked_id(&comment).as_ref() == Some(id));
    }
    let _ = (marked_id(first), fingerprints(bytes), is_marked(bytes));
    let Ok(key) = SshKey::parse(first, 0) else {
        return;
    };
    assert_eq!(SshKey::parse(&key.to_string(), 0).as_ref(), Ok(&key));
    assert!(key.fingerprint().starts_with("SHA256:"));
    if let Some(id) = &id {
        let written = lines(std::slice::from_ref(&key), id, &options);
        assert_eq!(written.matches('\n').count(), 1, "{written:?}");
        assert!(is_of(written.as_bytes(), id), "{written:?}");
        assert_eq!(fingerprints(written.as_bytes()), [key.fingerprint()]);
    }
}
