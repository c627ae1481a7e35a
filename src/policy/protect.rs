//! Names that no provider may have, as account or as group.
//!
//! Whatever stands in a host's files already is a conflict anyway; this list covers what a distribution may add
//! later, and groups that are worth root (CVE-2020-8903, -8907, -8933; Debian's SystemGroups page). What the files of this
//! very host say besides, such as sudoers(5), is in [`crate::model::power`].

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
    "utempter",
    "utmp",
    "uucp",
    "uuidd",
    "vboxusers",
    "video",
    "voice",
    "wheel",
    "wireshark",
    "www-data",
];

/// Names that packages and images bring along, and that a host may get later: of display managers, containers, databases,
/// devices and cloud images. New accounts and groups do not get them; sorted.
const RESERVED: &[&str] = &[
    "admins",
    "almalinux",
    "arch",
    "autologin",
    "azureuser",
    "bluetooth",
    "brlapi",
    "cassandra",
    "centos",
    "ceph",
    "chrony",
    "clickhouse",
    "clock",
    "cloud-user",
    "cockpit-ws",
    "consul",
    "containerd",
    "core",
    "couchdb",
    "db2iadm1",
    "dba",
    "debian",
    "dnsmasq",
    "docker-users",
    "dockerroot",
    "ec2-user",
    "elasticsearch",
    "etcd",
    "fedora",
    "firejail",
    "gdm",
    "git",
    "gitlab-runner",
    "google_sudoers",
    "gpio",
    "grafana",
    "greeter",
    "haproxy",
    "hugetlb",
    "i2c",
    "jenkins",
    "k3s",
    "kdc",
    "kubelet",
    "kubernetes",
    "ldap",
    "libvirtd",
    "lightdm",
    "lock",
    "mariadb",
    "memcached",
    "mongod",
    "mongodb",
    "mssql",
    "named",
    "nginx",
    "nix-users",
    "nixbld",
    "nomad",
    "nopasswdlogin",
    "oinstall",
    "openldap",
    "opensuse",
    "oper",
    "oracle",
    "pcap",
    "pi",
    "plocate",
    "power",
    "prometheus",
    "pulse",
    "pulse-access",
    "puppet",
    "qemu",
    "rabbitmq",
    "realtime",
    "redis",
    "rocky",
    "rpcuser",
    "salt",
    "sddm",
    "slocate",
    "spi",
    "squid",
    "storage",
    "sudoers",
    "tomcat",
    "ubridge",
    "ubuntu",
    "uinput",
    "usbmux",
    "vagrant",
    "vault",
    "xpra",
    "zabbix",
];

/// Of all of these, the groups that are worth root, or show what only root may see; sorted.
const POWERS: &[&str] = &[
    "adm",
    "admin",
    "administrator",
    "admins",
    "autologin",
    "backup",
    "bin",
    "ceph",
    "containerd",
    "daemon",
    "dba",
    "disk",
    "docker",
    "docker-users",
    "dockerroot",
    "google-sudoers",
    "google_sudoers",
    "incus",
    "incus-admin",
    "input",
    "k3s",
    "kmem",
    "kubelet",
    "kvm",
    "libvirt",
    "libvirtd",
    "lxc",
    "lxd",
    "mem",
    "microk8s",
    "mysql",
    "nixbld",
    "nopasswdlogin",
    "oinstall",
    "operator",
    "oracle",
    "podman",
    "postgres",
    "puppet",
    "qemu",
    "root",
    "salt",
    "shadow",
    "ssl-cert",
    "staff",
    "storage",
    "sudo",
    "sudoers",
    "sys",
    "systemd-journal",
    "tape",
    "ubridge",
    "uinput",
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

/// Whether no new account or group gets a name, unless the configuration trusts it.
pub(crate) fn is_reserved(name: &str) -> bool {
    is_protected(name) || RESERVED.binary_search(&name).is_ok()
}

/// Whether a name is that of something of the system's, or of a group that is worth root, everywhere. Groups of such names
/// get people only by `privileged = true`; what was gosync's before a name was [reserved](is_reserved) goes on.
pub(crate) fn is_protected(name: &str) -> bool {
    let is_one = PROTECTED.binary_search(&name).is_ok();
    is_one || name.starts_with("systemd-") || name.starts_with('_')
}

#[cfg(test)]
mod tests {
    use super::is_reserved;
    use super::{POWERS, PROTECTED, RESERVED, grants_power, is_privileged_group, is_protected};

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
        assert!(!is_reserved("alice"));
        for name in [
            "nopasswdlogin",
            "dba",
            "libvirtd",
            "ubuntu",
            "docker-users",
            "gdm",
        ] {
            assert!(is_reserved(name) && !is_protected(name), "{name}");
        }
        assert!(PROTECTED.is_sorted() && RESERVED.is_sorted());
        assert!(RESERVED.iter().all(|name| !PROTECTED.contains(name)));
    }

    #[test]
    fn groups_of_power_are_protected_names() {
        assert!(POWERS.iter().all(|name| is_reserved(name)));
        assert!(grants_power("sudo") && !grants_power("video"));
        assert!(is_privileged_group("video", 5000) && is_privileged_group("lab", 999));
        assert!(!is_privileged_group("lab", 1000));
    }
}
