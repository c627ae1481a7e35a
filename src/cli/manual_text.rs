//! What gosync(8) tells besides commands and options: the first hour, who leaves, limits, ways back, fleets. Only text; each fact is
//! that of the code which it is about, and of the tests there.

/// The first hour, command by command.
pub const FIRST_STEPS: [(&str, &str); 6] = [
    (
        "gosync init ldap -o /etc/gosync/gosync.toml",
        "Write what a provider needs, with CHANGE-ME where only you know; or scim, file, command, http, globus, github.",
    ),
    (
        "gosync check",
        "Report what is wrong or still has to be set, with its line.",
    ),
    (
        "gosync doctor",
        "Try the provider and check this host. It proposes ranges of ids and other keys: set them before the first sync, since ids \
         never change.",
    ),
    (
        "gosync sync --dry-run",
        "Show exactly what would be done. Nothing is written.",
    ),
    ("gosync sync", "Make the accounts, then the groups."),
    (
        "systemctl enable --now gosync.timer gosync-new.timer",
        "Run it regularly from now on. On a host without systemd, use cron; see EXAMPLES.",
    ),
];

/// What comes before the steps of a departure.
pub const WHO_LEAVES: &str = "\
A person has left if they are disabled at the provider, or absent from several complete reads over some time (`absent_runs`, \
`absent_for` in [departed]). A read that fails, is empty or is incomplete proves nothing, and removes nothing. A departure has three \
steps, each with limits of its own. Only the first is taken by default:";

/// The steps of a departure.
pub const DEPARTURE: [(&str, &str); 3] = [
    (
        "locked",
        "Password, expiry and SSH keys, and the shell if `lock_shell` is set; `end_sessions` ends running processes. A person who returns \
         finds everything as it was.",
    ),
    (
        "home archived",
        "`archive_after` the account was locked: packed by tar(1) into `archive_dir`, compared, and removed. A person who returns gets a new \
         home, and the run says where the archive is.",
    ),
    (
        "account removed",
        "`remove_after` the account was locked. Its uid, gid and name stay reserved for this person, and are never given to another one.",
    ),
];

/// What follows the steps of a departure.
pub const WHO_LEAVES_ELSE: &str = "\
Nothing is archived or removed while any process runs as the account. `gosync lock` locks an account at once, whatever the provider \
says. A group that the provider no longer has loses the members that it had from there. Another name at the provider is a rename, \
with the same uid and gid, and no departure.";

/// What limits a plan, and what lets it through.
pub const LIMITS: &str = "\
A plan that removes or adds more than [limits] allows is refused as a whole, with status 10, and nothing is written. By default \
a run locks or removes at most 20 accounts or 10 %, whichever is less, though 3 are always allowed; the same holds for 24 hours, and \
for the members of a group. Five or more accounts or groups are never reduced to none. Renames, archives, final removals, lost groups \
and new accounts have limits of their own: gosync.toml(5).

The refusal names each limit, the accounts or groups concerned, and the digest of the plan. If the plan is right, `--approve DIGEST` \
carries out exactly this plan, once: any change in the meantime gives another digest. Each run makes its plan anew, so that nothing is \
lost by waiting. `gosync status` shows since when a limit has refused plans. Limits apply to each provider separately.";

/// Ways back.
pub const RECOVERY: [(&str, &str); 7] = [
    (
        "a run was killed, or the machine went down",
        "Nothing to do: the next run first completes or rolls back what was started.",
    ),
    (
        "a run did what it should not have done",
        "`gosync history` shows it, and `gosync undo RUN` reverses it. The next sync does it again if the provider's records still ask for it: \
         correct them first, or stop the timer.",
    ),
    (
        "an account has to be locked, or opened, at once",
        "`gosync lock NAME`, `gosync unlock NAME`.",
    ),
    (
        "the ledger is lost or damaged",
        "`gosync ledger restore FILE` with a copy: there are daily copies in /var/lib/gosync/copies. Without a copy: `gosync ledger rebuild`.",
    ),
    (
        "the provider has new ids for the same people",
        "No account is locked because of it (status 12). `gosync rebind --all` ties the accounts to the new records.",
    ),
    (
        "a file of the databases was restored from a backup",
        "`gosync drift` shows what differs from what gosync applied; the next sync corrects it.",
    ),
    (
        "the provider's answer has to be examined elsewhere",
        "`gosync record --hide-names FILE`, and there `gosync replay FILE`.",
    ),
];

/// How several hosts have the same accounts.
pub const MORE_THAN_ONE_HOST: &str = "\
gosync runs on each host by itself, and hosts do not talk to each other; they have only the provider in common. If the provider has \
uids and gids, `ids = \"provider\"` in [accounts] makes every host use them and allocate none. If it has none, one host, the hub, \
allocates the numbers, and the others read its accounts: `gosync export`, a signed snapshot (a target of the kind `snapshot`, read with `verify`), or a \
directory that it fills (a target of the kind `ldap`).

Two or more admin hosts can fill one directory: `[writers]` gives each of them numbers of its own, one of them writes, by an entry in the \
directory, and the others end with 11. `gosync takeover` on another one reads every number there, begins a new term, and stops the former writer \
at its next change; everybody keeps their number. A ledger that is lost there comes back by `gosync ledger rebuild --from directory`.

`--splay` lets the hosts of a fleet begin at different seconds, each at the same one every time. docs/fleet.md has a configuration for \
each way, with what it costs.";

/// What the sections of a configuration are for.
pub const SECTIONS: [(&str, &str); 13] = [
    (
        "[provider.NAME]",
        "Where people and groups come from, and how it is asked. The only section that has to be there.",
    ),
    (
        "[gosync]",
        "Which providers and targets count, the lock, the state directory, time limits.",
    ),
    (
        "[accounts]",
        "Who gets an account, and what it is like: names, uids, homes, shells.",
    ),
    (
        "[groups], [group.NAME]",
        "Which groups come, and what they are called here.",
    ),
    (
        "[departed]",
        "When somebody who left is locked, and what becomes of home and account.",
    ),
    (
        "[limits]",
        "How much may come and go in a run and in a day without being approved.",
    ),
    ("[keys]", "SSH keys."),
    (
        "[target.NAME]",
        "The databases of this host, and files or directories that are made of what it has.",
    ),
    (
        "[writers]",
        "Which admin hosts give out numbers, each from its own ranges, where several fill one directory.",
    ),
    (
        "[hooks], [hooks.user], [hooks.group], [hooks.bygroup]",
        "Programs that run when accounts and groups have changed: gosync-hooks(7).",
    ),
    (
        "[join]",
        "By what people of several providers are one person.",
    ),
    (
        "[follow], [metrics]",
        "`gosync follow`, and what monitoring sees.",
    ),
    ("[catalogue]", "What `gosync group` lists and makes."),
];

/// Whole configurations, each with what it is for.
pub const CONFIGURATIONS: [(&str, &str); 4] = [
    (
        "An LDAP directory, over TLS:",
        r#"[provider.campus]
kind = "ldap"
url = "ldaps://ldap.example.org"
user_base = "ou=people,dc=example,dc=org"
group_base = "ou=groups,dc=example,dc=org"
bind_dn = "cn=sync,ou=services,dc=example,dc=org"
password_file = "campus.password""#,
    ),
    (
        "Active Directory, with accounts for the members of one group:",
        r#"[provider.campus]
kind = "ldap"
schema = "ad"
url = "ldaps://dc1.example.org"
user_base = "ou=people,dc=example,dc=org"
group_base = "ou=groups,dc=example,dc=org"
bind_dn = "cn=sync,cn=users,dc=example,dc=org"
password_file = "campus.password"
top_group = "hpc-users""#,
    ),
    (
        "A SCIM 2.0 server, with homes below another base:",
        r#"[provider.cloud]
kind = "scim"
url = "https://scim.example.org/scim/v2"
token_file = "cloud.token"

[accounts]
home_base = "/srv/home""#,
    ),
    (
        "A node that gets its people from a hub, with the numbers that the hub has given, and keeps /etc as it is:",
        r#"[provider.hub]
kind = "http"
url = "https://hub.example.org/gosync/directory.json"

[accounts]
ids = "provider"

[target.host]
database = "extrausers""#,
    ),
];
