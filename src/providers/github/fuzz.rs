//! What GitHub may answer, for `crate::fuzzing`.

use super::decode;

/// The same bytes as each kind of answer.
pub(crate) fn answers(bytes: &[u8]) {
    let rows = decode::members(bytes).unwrap_or_default();
    for row in rows.into_iter().flatten() {
        assert!(row.id.as_str().bytes().all(|b| b.is_ascii_digit()));
        assert!(!row.login.raw().is_empty() && !row.node.is_empty());
    }
    for team in decode::teams(bytes)
        .unwrap_or_default()
        .into_iter()
        .flatten()
    {
        assert!(!team.slug.raw().is_empty() && !team.members.is_empty());
    }
    for asked in [0, 1, 2] {
        if let Ok(people) = decode::people(bytes, asked) {
            assert_eq!(people.len(), asked);
        }
    }
    let _ = decode::granted(bytes);
    if let Some(next) = std::str::from_utf8(bytes).ok().and_then(decode::next) {
        assert!(!next.contains('>'));
    }
}
