//! Names that no provider may have, as account or as group.
//!
//! Whatever stands in a host's files already is a conflict anyway; this list covers what a distribution may add
//! later, and groups that are worth root (CVE-2020-8903, -8907, -8933; Debian's SystemGroups page).

/// Names of system accounts and of groups that grant power; sorted.
const PROTECTED: &[&str] = &[
    "_apt",
    "_ssh",
    "adm",
    "admin",
    "administrator",
    "audio",
    "avahi",
    "backup",
    "bin",
    "cdrom",
    "colord",
    "crontab",
    "daemon",
    "dialout",
    "dip",
    "disk",
    "docker",
    "fax",
    "floppy",
    "ftp",
    "fuse",
    "games",
    "geoclue",
    "gnats",
    "google-sudoers",
    "halt",
    "incus",
    "incus-admin",
    "input",
    "irc",
    "kmem",
    "kvm",
    "landscape",
    "libvirt",
    "libvirt-qemu",
    "list",
    "lp",
    "lpadmin",
    "lxc",
    "lxd",
    "mail",
    "man",
    "mem",
    "messagebus",
    "microk8s",
    "munge",
    "mysql",
    "netdev",
    "news",
    "nobody",
    "nogroup",
    "nslcd",
    "ntp",
    "operator",
    "plugdev",
    "podman",
    "polkitd",
    "postfix",
    "postgres",
    "proxy",
    "render",
    "root",
    "rpc",
    "rtkit",
    "sasl",
    "scanner",
    "sgx",
    "shadow",
    "shutdown",
    "slurm",
    "src",
    "ssh",
    "sshd",
    "ssl-cert",
    "sssd",
    "staff",
    "statd",
    "sudo",
    "sync",
    "sys",
    "syslog",
    "systemd-coredump",
    "systemd-journal",
    "systemd-network",
    "systemd-resolve",
    "systemd-timesync",
    "tape",
    "tcpdump",
    "toor",
    "tss",
    "tty",
    "users",
    "utmp",
    "utempter",
    "uucp",
    "uuidd",
    "vboxusers",
    "video",
    "voice",
    "wheel",
    "wireshark",
    "www-data",
];

/// Of these, the groups that are worth root, or show what only root may see; sorted.
const POWERS: &[&str] = &[
    "adm",
    "admin",
    "administrator",
    "backup",
    "bin",
    "daemon",
    "disk",
    "docker",
    "google-sudoers",
    "incus",
    "incus-admin",
    "kmem",
    "kvm",
    "libvirt",
    "lxc",
    "lxd",
    "mem",
    "microk8s",
    "operator",
    "podman",
    "root",
    "shadow",
    "staff",
    "sudo",
    "sys",
    "systemd-journal",
    "wheel",
];

/// The first uid and gid that are not the system's: UID_MIN and GID_MIN of login.defs(5).
pub(crate) const FIRST_ORDINARY_ID: u32 = 1_000;

/// Whether who is in this group is as good as root, or nearly.
pub(crate) fn grants_power(group: &str) -> bool {
    POWERS.contains(&group)
}

/// Whether a group of the host's is one that nobody may be let into but by the configuration's own word.
pub(crate) fn is_privileged_group(name: &str, gid: u32) -> bool {
    is_protected(name) || gid < FIRST_ORDINARY_ID
}

/// Whether a name is out of a provider's reach.
pub(crate) fn is_protected(name: &str) -> bool {
    PROTECTED.contains(&name) || name.starts_with("systemd-") || name.starts_with("_")
}

#[cfg(test)]
mod tests {
    use super::{POWERS, grants_power, is_privileged_group, is_protected};

    #[test]
    fn names_of_power_are_protected() {
        for name in [
            "root",
            "sudo",
            "wheel",
            "docker",
            "lxd",
            "shadow",
            "disk",
            "systemd-oom",
            "_chrony",
            "admin",
            "nobody",
        ] {
            assert!(is_protected(name), "{name}");
        }
        assert!(!is_protected("alice"));
    }

    #[test]
    fn groups_of_power_are_protected_names() {
        assert!(POWERS.iter().all(|name| is_protected(name)));
        assert!(grants_power("sudo") && !grants_power("video"));
        assert!(is_privileged_group("video", 5000) && is_privileged_group("lab", 999));
        assert!(!is_privileged_group("lab", 1000));
    }
}
