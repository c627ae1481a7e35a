//! Anchors, for `crate::fuzzing`.

use super::anchor::Anchor;

/// The file beside the databases.
pub(crate) fn anchor(bytes: &[u8]) {
    if let Ok(anchor) = Anchor::parse(bytes) {
        // Many ranges are written as few: what was given stays given.
        let Ok(again) = Anchor::parse(anchor.to_string().as_bytes()) else {
            panic!("{anchor} is no anchor")
        };
        assert_eq!(
            (again.ledger, again.transaction),
            (anchor.ledger, anchor.transaction)
        );
        let both = [
            (&anchor.given.uids, &again.given.uids),
            (&anchor.given.gids, &again.given.gids),
            (&anchor.given.subids, &again.given.subids),
        ];
        for (before, after) in both {
            let is_kept = |(first, last): (u32, u32)| after.contains(first) && after.contains(last);
            assert!(before.iter().all(is_kept), "{before:?}: {after:?}");
        }
    }
}
