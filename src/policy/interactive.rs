//! The shells that people work in.

/// Shells that are there to work in: who asks for one may have another.
pub(in crate::policy) const INTERACTIVE: [&str; 14] = [
    "sh", "bash", "zsh", "fish", "ksh", "ksh93", "mksh", "tcsh", "csh", "dash", "ash", "elvish",
    "nu", "xonsh",
];
