//! What is said of the form of all that is printed as JSON.

/// The version of the forms; it grows when something is taken away or means something else. See share/gosync/schema.
pub(crate) const FORMAT: u32 = 1;
