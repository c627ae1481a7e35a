//! The databases by name, and what their files look like.

/// One of the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Db {
    /// group(5)
    Group,
    /// gshadow(5)
    Gshadow,
    /// subuid(5)
    Subuid,
    /// subgid(5)
    Subgid,
    /// shadow(5)
    Shadow,
    /// passwd(5)
    Passwd,
}

impl Db {
    /// Its file's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Db::Group => "group",
            Db::Gshadow => "gshadow",
            Db::Subuid => "subuid",
            Db::Subgid => "subgid",
            Db::Shadow => "shadow",
            Db::Passwd => "passwd",
        }
    }

    /// Permission bits and owning group's name of a new file.
    pub(crate) fn appearance(self) -> (u32, Option<&'static str>) {
        match self {
            Db::Shadow | Db::Gshadow => (0o640, Some("shadow")),
            _ => (0o644, None),
        }
    }
}
