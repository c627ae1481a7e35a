//! Which login shells an account of a host may have.

use std::collections::BTreeSet;

/// Programs that let nobody in, the ones with a word for whoever tries first.
const CLOSED: [&str; 4] = [
    "/usr/sbin/nologin",
    "/sbin/nologin",
    "/bin/false",
    "/usr/bin/false",
];

/// The shells of a host.
#[derive(Clone, Debug, Default)]
pub struct Shells<'a> {
    /// Those of shells(5).
    listed: BTreeSet<&'a str>,
    /// Those that let nobody in and are there, best first.
    closed: Vec<&'a str>,
}

impl<'a> Shells<'a> {
    /// Those that shells(5) lists; `is_there` says which programs the host has.
    pub fn new(listed: impl IntoIterator<Item = &'a str>, is_there: impl Fn(&str) -> bool) -> Self {
        let listed: BTreeSet<&str> = listed.into_iter().collect();
        let is_closed = |path: &&&str| path.ends_with("/nologin");
        let known = listed.iter().filter(is_closed).copied().chain(CLOSED);
        let closed = known.filter(|path| is_there(path)).collect();
        Self { listed, closed }
    }

    /// Whether an account may have this one: shells(5) lists it, or it is there and lets nobody in.
    pub(crate) fn allow(&self, path: &str) -> bool {
        self.listed.contains(path)
            || self.closed.contains(&path)
            || self.closed.is_empty() && CLOSED.contains(&path)
    }

    /// The shell of whoever is to stay outside. A tree without any such program gets the usual path: what is not there lets
    /// nobody in either.
    pub(crate) fn closed(&self) -> &'a str {
        self.closed.first().copied().unwrap_or(CLOSED[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_to_stay_outside_gets_a_program_that_is_there() {
        let closed = |listed: &[&'static str], there: &[&str]| {
            let is_there = |path: &str| there.contains(&path);
            Shells::new(listed.iter().copied(), is_there).closed()
        };
        for (listed, there, gets) in [
            (
                &["/bin/sh"][..],
                &["/usr/sbin/nologin", "/sbin/nologin"][..],
                "/usr/sbin/nologin",
            ),
            (
                &["/bin/sh"],
                &["/sbin/nologin", "/bin/false"],
                "/sbin/nologin",
            ),
            (&["/bin/sh"], &["/bin/false"], "/bin/false"),
            (
                &["/opt/bin/nologin"],
                &["/opt/bin/nologin", "/sbin/nologin"],
                "/opt/bin/nologin",
            ),
            (&["/opt/bin/nologin"], &["/sbin/nologin"], "/sbin/nologin"),
            (&["/bin/sh"], &[], "/usr/sbin/nologin"),
        ] {
            assert_eq!(closed(listed, there), gets, "{listed:?} {there:?}");
        }
    }

    #[test]
    fn a_closed_shell_is_allowed_where_it_is() {
        let shells = Shells::new(["/bin/sh"], |path| path == "/sbin/nologin");
        let allowed = ["/bin/sh", "/sbin/nologin"];
        let refused = ["/bin/bash", "/usr/sbin/nologin", "/bin/false"];
        assert!(allowed.iter().all(|path| shells.allow(path)));
        assert!(!refused.iter().any(|path| shells.allow(path)));
    }
}
