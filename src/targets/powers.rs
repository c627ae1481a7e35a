//! Reads whom the files of a host give power to, or let in, besides its databases; all below the root.
//!
//! A file that is not there gives nobody anything. One that cannot be read or understood is told with its line, and stops
//! nothing: what the others say still counts.

use std::collections::BTreeSet;
use std::path::Path;

use crate::formats::power;
use crate::model::power::{Include, Place, Powers, Stated};
use crate::model::shown;
use crate::system::files;
use crate::system::root::Root;

/// As glob(7) has it.
const AS_GLOB: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// How deep includes may be nested.
const DEPTH: usize = 16;

/// What kind of file it is.
#[derive(Clone, Copy)]
struct Kind {
    read: fn(&[u8]) -> Stated,
    /// Whether it can make somebody root.
    is_root: bool,
    /// What relative includes are below, if not beside the file.
    base: Option<&'static str>,
}

const fn kind(read: fn(&[u8]) -> Stated, is_root: bool) -> Kind {
    Kind {
        read,
        is_root,
        base: None,
    }
}

const SUDOERS: Kind = kind(power::sudoers, true);
const DOAS: Kind = kind(power::doas, true);
const RULES: Kind = kind(power::rules, true);
const LOCAL_AUTHORITY: Kind = kind(power::local_authority, true);
const SU: Kind = kind(power::pam, true);
const PAM: Kind = kind(power::pam, false);
const GROUPS: Kind = kind(power::groups, false);
const CAPABILITIES: Kind = kind(power::capabilities, true);
const ACCESS: Kind = kind(power::access, false);
const ALLOWED: Kind = kind(power::allowed, false);
const SSHD: Kind = Kind {
    read: power::sshd,
    is_root: false,
    base: Some("/etc/ssh"),
};

/// Files that are read.
const FILES: [(&str, Kind); 17] = [
    ("/etc/sudoers", SUDOERS),
    ("/etc/doas.conf", DOAS),
    ("/usr/etc/sudoers", SUDOERS),
    ("/etc/pam.d/su", SU),
    ("/etc/pam.d/su-l", SU),
    ("/etc/pam.d/sudo", SU),
    ("/etc/pam.d/sudo-i", SU),
    ("/etc/ssh/sshd_config", SSHD),
    ("/usr/etc/ssh/sshd_config", SSHD),
    ("/etc/security/access.conf", ACCESS),
    ("/usr/etc/security/access.conf", ACCESS),
    ("/etc/security/group.conf", GROUPS),
    ("/etc/security/capability.conf", CAPABILITIES),
    ("/etc/cron.allow", ALLOWED),
    ("/etc/cron.d/cron.allow", ALLOWED),
    ("/etc/at.allow", ALLOWED),
    ("/var/spool/cron/allow", ALLOWED),
];

/// Directories whose files with this ending are read.
const DIRECTORIES: [(&str, &str, Kind); 11] = [
    ("/etc/doas.d", ".conf", DOAS),
    ("/etc/polkit-1/rules.d", ".rules", RULES),
    ("/run/polkit-1/rules.d", ".rules", RULES),
    ("/usr/local/share/polkit-1/rules.d", ".rules", RULES),
    ("/usr/share/polkit-1/rules.d", ".rules", RULES),
    (
        "/etc/polkit-1/localauthority.conf.d",
        ".conf",
        LOCAL_AUTHORITY,
    ),
    ("/etc/security/access.d", ".conf", ACCESS),
    ("/usr/etc/sudoers.d", "", SUDOERS),
    ("/etc/pam.d", "", PAM),
    ("/usr/lib/pam.d", "", PAM),
    ("/usr/etc/pam.d", "", PAM),
];

/// Directories with directories of pklocalauthority(8).
const LOCAL: [&str; 2] = [
    "/etc/polkit-1/localauthority",
    "/var/lib/polkit-1/localauthority",
];

/// Which may name other files of sudoers(5).
const SUDO_CONF: &str = "/etc/sudo.conf";

/// Whom the host's files name.
pub(crate) fn read(root: &Root) -> Powers {
    let mut reader = Reader {
        root,
        powers: Powers::default(),
        read: BTreeSet::new(),
    };
    for (path, kind) in FILES {
        reader.file(path, kind, 0);
    }
    reader.other_sudoers();
    for (dir, ending, kind) in DIRECTORIES {
        reader.matching(&format!("{dir}/*{ending}"), kind, 0);
    }
    for dir in LOCAL {
        for name in reader.names(dir) {
            reader.matching(&format!("{dir}/{name}/*.pkla"), LOCAL_AUTHORITY, 0);
        }
    }
    reader.powers
}

struct Reader<'r> {
    root: &'r Root,
    powers: Powers,
    /// What has been read: a circle of includes ends.
    read: BTreeSet<String>,
}

impl Reader<'_> {
    /// Reads the files of sudoers(5) that sudo.conf(5) names.
    fn other_sudoers(&mut self) {
        let bytes = match self.bytes(SUDO_CONF) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(why) => return self.unclear(format!("what {SUDO_CONF} names is unknown: {why}")),
        };
        for (line, include) in &power::sudo_conf(&bytes).includes {
            let place = Place {
                path: SUDO_CONF.to_owned(),
                line: *line,
                is_root: true,
            };
            self.include(&place, include, SUDOERS, 1);
        }
    }

    /// Reads one file; whether there is one.
    fn file(&mut self, path: &str, kind: Kind, depth: usize) -> bool {
        if !self.read.insert(path.to_owned()) {
            return true;
        }
        let bytes = match self.bytes(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return false,
            Err(why) => {
                self.unclear(format!("who is named in {} is unknown: {why}", shown(path)));
                return true;
            }
        };
        let stated = (kind.read)(&bytes);
        let place = |line| Place {
            path: path.to_owned(),
            line,
            is_root: kind.is_root,
        };
        for (line, who) in &stated.names {
            self.powers.add(who, place(*line));
        }
        for (line, why) in &stated.unclear {
            self.unclear(format!("{}: {why}; who it names is unknown", place(*line)));
        }
        for (line, include) in &stated.includes {
            if depth >= DEPTH {
                self.unclear(format!("{}: includes are nested too deep", place(*line)));
                continue;
            }
            self.include(&place(*line), include, kind, depth + 1);
        }
        true
    }

    fn include(&mut self, from: &Place, include: &Include, kind: Kind, depth: usize) {
        let (Include::File(path) | Include::Directory(path) | Include::Matching(path)) = include;
        let beside = Path::new(&from.path).parent().and_then(Path::to_str);
        let base = kind.base.or(beside).unwrap_or("/");
        let path = match path.starts_with('/') {
            true => path.clone(),
            false => format!("{base}/{path}"),
        };
        if path.contains("%h") && matches!(include, Include::File(_) | Include::Directory(_)) {
            let what = "what it includes depends on the name of the host";
            return self.unclear(format!("{from}: {what}; who is named there is unknown"));
        }
        match include {
            Include::File(_) => {
                if !self.file(&path, kind, depth) {
                    let path = shown(&path);
                    self.unclear(format!("{from}: {path}, which it includes, is not there"));
                }
            }
            Include::Matching(_) => self.matching(&path, kind, depth),
            Include::Directory(_) => {
                let is_read = |name: &String| !name.contains('.') && !name.ends_with('~');
                for name in self.names(&path).iter().filter(|name| is_read(name)) {
                    self.file(&format!("{path}/{name}"), kind, depth);
                }
            }
        }
    }

    /// Reads what a pattern of glob(7) matches.
    fn matching(&mut self, pattern: &str, kind: Kind, depth: usize) {
        let mut found = vec![String::new()];
        let mut parts = pattern
            .split('/')
            .filter(|part| !part.is_empty())
            .peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            if !part.contains(['*', '?', '[']) {
                found
                    .iter_mut()
                    .for_each(|path| *path += &format!("/{part}"));
                continue;
            }
            let Ok(part) = glob::Pattern::new(part) else {
                let pattern = shown(pattern);
                return self.unclear(format!(
                    "who is named in {pattern} is unknown: it is no pattern"
                ));
            };
            for dir in std::mem::take(&mut found) {
                let names = self.names(&dir).into_iter();
                let names = names.filter(|name| part.matches_with(name, AS_GLOB));
                found.extend(names.map(|name| format!("{dir}/{name}")));
            }
            // What is no directory has nothing in it.
            found.retain(|path| is_last || self.root.path(path).is_dir());
        }
        for path in found {
            self.file(&path, kind, depth);
        }
    }

    /// The names in a directory; none, if it is not there.
    fn names(&mut self, dir: &str) -> Vec<String> {
        let at = self.root.path(dir);
        let names = match files::goal(&at) {
            Ok(None) => return Vec::new(),
            Ok(Some(_)) => self
                .root
                .contains(Path::new(dir))
                .and_then(|()| files::list(&at)),
            Err(e) => Err(e),
        };
        match names {
            Ok(names) => names
                .into_iter()
                .map(|name| name.to_string_lossy().into_owned())
                .collect(),
            Err(e) => {
                self.unclear(format!("who is named below {} is unknown: {e}", shown(dir)));
                Vec::new()
            }
        }
    }

    /// What is in a file, where links stay below the root; `None`: there is none.
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let at = self.root.path(path);
        let told = |e: crate::system::PathError| e.to_string();
        let Some(found) = files::look(&at).map_err(told)? else {
            return Ok(None);
        };
        self.root.contains(Path::new(path)).map_err(told)?;
        match found.is_symlink() {
            false => files::read_plain(&at).map_err(told),
            true => match files::goal(&at).map_err(told)? {
                Some(goal) => files::read_plain(&goal).map_err(told),
                None => Ok(None),
            },
        }
    }

    fn unclear(&mut self, told: String) {
        self.powers.unclear.push(told);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(all: &[(&str, &str)]) -> (tempfile::TempDir, Powers) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in all {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let powers = read(&Root::new(Some(dir.path().to_owned())));
        (dir, powers)
    }

    #[test]
    fn every_file_is_read_below_the_root() {
        let (_dir, powers) = tree(&[
            (
                "etc/sudoers",
                "@includedir /etc/sudoers.d\n@include local\n#include /etc/sudoers\n",
            ),
            ("etc/sudoers.d/ops", "%ops ALL=ALL\n"),
            ("etc/sudoers.d/old.bak", "%no ALL=ALL\n"),
            ("etc/sudoers.d/old~", "%no ALL=ALL\n"),
            ("etc/local", "alice ALL=ALL\n"),
            ("etc/doas.conf", "permit bob\n"),
            (
                "etc/ssh/sshd_config",
                "Include sshd_config.d/[a-b]*.conf /etc/ssh/*/c.conf\nAllowUsers carol\n",
            ),
            ("etc/ssh/sshd_config.d/a.conf", "Match Group sftp\n"),
            (
                "etc/polkit-1/rules.d/1.rules",
                "subject.isInGroup(\"desk\")",
            ),
            ("usr/share/polkit-1/rules.d/2.rules", "'unix-user:dave'"),
            (
                "var/lib/polkit-1/localauthority/50-local.d/x.pkla",
                "Identity=unix-user:eve\n",
            ),
            ("etc/security/access.conf", "+:frank:ALL\n"),
            ("etc/cron.allow", "gina\n"),
            ("etc/at.allow", "hugo\n"),
            ("etc/ssh/more/c.conf", "DenyGroups sftp2\n"),
            ("etc/pam.d/su", "auth required pam_wheel.so group=chosen\n"),
            (
                "etc/pam.d/lightdm",
                "auth sufficient pam_succeed_if.so user ingroup autologin\n",
            ),
            (
                "etc/sudo.conf",
                "Plugin sudoers_policy sudoers.so sudoers_file=/srv/sudoers\n",
            ),
            ("srv/sudoers", "ida ALL=ALL\n"),
            ("etc/security/capability.conf", "cap_sys_admin jo\n"),
        ]);
        assert!(powers.unclear.is_empty(), "{:?}", powers.unclear);
        let users: Vec<&str> = powers.users().map(|(name, _)| name).collect();
        let wanted = [
            "alice", "bob", "carol", "dave", "eve", "frank", "gina", "hugo", "ida", "jo",
        ];
        assert_eq!(users, wanted);
        let groups: Vec<&str> = powers.groups().map(|(name, _)| name).collect();
        let wanted = [
            "autologin",
            "chosen",
            "desk",
            "frank",
            "ops",
            "sftp",
            "sftp2",
        ];
        assert_eq!(groups, wanted);
        let place = powers.group("ops").unwrap();
        assert_eq!(place.to_string(), "/etc/sudoers.d/ops, line 1");
    }

    #[test]
    fn what_cannot_be_read_or_understood_is_told() {
        let (dir, powers) = tree(&[
            (
                "etc/sudoers",
                "@include /etc/none\n@includedir /etc/%h\nalice\n",
            ),
            ("etc/ssh/sshd_config", "Include /etc/ssh/[/x.conf\n"),
            ("etc/cron.allow/x", ""),
        ]);
        assert_eq!(powers.unclear.len(), 5, "{:?}", powers.unclear);
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("etc/at.allow")).unwrap();
        let powers = read(&Root::new(Some(dir.path().to_owned())));
        assert_eq!(powers.unclear.len(), 6, "{:?}", powers.unclear);
    }
}
