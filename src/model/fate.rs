//! What has become of a record since it was read.

/// What has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate<'c> {
    /// Nothing.
    Same,
    /// It is this now.
    Changed(&'c [u8]),
    /// It is gone, or the search does not find it any more.
    Gone,
}
