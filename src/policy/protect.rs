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

/// Whether a name is out of a provider's reach.
pub fn is_protected(name: &str) -> bool {
    PROTECTED.contains(&name) || name.starts_with("systemd-") || name.starts_with("_")
}

#[cfg(test)]
mod tests {
    use super::is_protected;

    #[test]
    fn names_of_power_are_protected() {
        for name in
            ["root", "sudo", "wheel", "docker", "lxd", "shadow", "disk", "systemd-oom", "_chrony", "admin", "nobody"]
        {
            assert!(is_protected(name), "{name}");
        }
        assert!(!is_protected("alice"));
    }
}
