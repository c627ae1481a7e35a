//! What gosync(8) and gosync-hooks(7) say about hooks.

/// What gosync(8) says of them.
pub const HOOKS: &str = "\
Hooks are programs of yours that run when accounts and groups have changed; gosync.toml(5) names them in `[hooks]`, and \
gosync-hooks(7) says what they are given, when they run, and which come with gosync. A failure of a hook undoes nothing: \
what failed waits in a queue in the ledger, which `gosync status` shows, and later runs try it again, until it is given up; \
`--retry-hooks` tries that again, too.";

/// When they run, and in which order.
pub const RUNNING: &str = "\
Hooks run after the change, under gosync's own lock but no other, and a failure of theirs undoes nothing. For each new or \
changed account run the hooks of `[hooks.user]`, and for each group those of `[hooks.group]` and of `[hooks.bygroup]`, the \
latter once for each member. Those of `pre` and `post` run once around them, if there was anything; for `[hooks.bygroup]` \
once around the members of each group. A hook is given the argument `-update` if the account or group was known before.

Events wait in a queue in the ledger, which is written together with the change: whatever kills gosync, each hook is run. \
What failed, was put off or was interrupted is run again by later runs with the same input, also by those that find no \
provider or are stopped by a limit, less and less often, and in the end given up until somebody uses `--retry-hooks`. A \
hook that ended well is not run again for the same event; one that was interrupted may be, with the same `GOSYNC_KEY`: \
write hooks so that a second call changes nothing. For one account or group, events stay in order; for several, `jobs` hooks \
run at a time. `time_limit` ends one, `run_limit` begins no more in this run, and `stop` says what a failure holds back.";

/// Who may provide them, and where they run.
pub const GUARD: &str = "\
A hook must belong to root, and so must every directory and link on the way to it; nobody else may write them. Otherwise \
it is not run, and counts as failed. With `--root` no hooks run, unless `--root-hooks` is given; they may belong to whoever \
calls gosync then.

It runs in `/` with the umask 077, with the variables below and no others, with nothing open but standard input, output \
and error, and in a process group of its own, which is killed when the hook has ended or its time is up. What it says is \
kept for the log (`-v`), and its last line for the message about its failure.

Names, attributes and everything else that the provider says is foreign text: quote it, and put `--` before it.";

/// What is on standard input.
pub const INPUT: &str = "\
One JSON object. `/usr/local/share/gosync/schema/hook.schema.json` is its JSON Schema. Further keys may come with any version of \
gosync; `version` changes when one goes or means something else.

The `pre` and `post` of `[hooks.bygroup]` read the names of the group's members instead, one on each line.";

/// Its keys.
pub const INPUT_KEYS: [(&str, &str); 14] = [
    ("version", "1."),
    ("key", "The same as `GOSYNC_KEY`."),
    ("kind", "The same as `GOSYNC_KIND`."),
    (
        "stage, changed",
        "For the hooks before and after all of a kind, which have none of the keys below: `pre` or `post`, and the names of all \
      accounts, or groups, that hooks run for in this run, those of earlier runs that are tried again among them.",
    ),
    ("event", "The same as `GOSYNC_EVENT`."),
    (
        "name, id, provider",
        "The name on this host, the id at the provider (`local:NAME` for a group of the host's own), and the provider.",
    ),
    (
        "command, at",
        "Which command made the change, and when (RFC 3339).",
    ),
    ("known", "Whether the account or group was known before."),
    (
        "account",
        "As it is after the change, or was before it was removed: `name`, `uid`, `gid`, `gecos`, `home`, `shell`; `email` and \
      `ssh_keys`, as the variables below; `attributes`; `groups`.",
    ),
    (
        "account.attributes",
        "Those of the person's attributes that `attributes` in `[hooks]` names, as texts. Providers of the kinds file, command and \
      http have what stands in `attributes` of their document, ldap and scim what `extra_attributes` of their section names, globus has \
      `username`. One that the person does not have, \
      that is longer than 4 KiB or that has control characters is left out. When one changes at the provider, the \
      event is `updated`.",
    ),
    (
        "account.groups",
        "The groups of this host of which the account is a member, sorted, without its primary one; as they were when the change was \
      planned, or for a member of a group, when the hook is run.",
    ),
    (
        "group",
        "As it is after the change: `name`, `gid`, `members`, and who came (`added`) and went (`removed`).",
    ),
    (
        "member",
        "For each member of a group: `account`, as above, and `added`, whether it has just come.",
    ),
    (
        "reasons, changes",
        "Why, as far as there is a reason: each with `reason`, a word that stays the same, such as `shut-out`, `missing` or \
      `held-locked`, and `text`. And the changes themselves, as `--dry-run --format json` shows them.",
    ),
];

/// What a hook says by its exit status.
pub const HOOK_EXIT: [(&str, &str); 3] = [
    ("0", "It is done."),
    (
        "75",
        "It wants to be called later: no failure, until `give_up_after` is over.",
    ),
    (
        "any other",
        "It failed, and is tried again up to `attempts` times.",
    ),
];

/// Those that come with gosync.
pub const SHIPPED: [(&str, &str); 4] = [
    (
        "welcome",
        "In `run` of `[hooks.user]`: writes to the e-mail address of each new account, through sendmail(8), what stands in \
      `/etc/gosync/welcome.txt`.",
    ),
    (
        "slurm",
        "In `run` of `[hooks.user]`, and of `[hooks.group]` where groups are Slurm accounts: gives people their associations by \
      sacctmgr(1), lets who is locked submit no jobs (MaxSubmitJobs is 0, and removed again when the account is opened), and \
      deletes who is removed, as soon as they have no jobs. `/etc/gosync/slurm.ini` says which attribute, groups or \
      default account count.",
    ),
    (
        "quota",
        "In `run` of `[hooks.user]` and of `[hooks.bygroup]`: sets disk quotas by attribute, groups or a default, through \
      setquota(8), xfs_quota(8), zfs(8) or lfs(1). `/etc/gosync/quota.ini` has a section for each file system.",
    ),
    (
        "warewulf",
        "In `post` of `[hooks.user]` and of `[hooks.group]`: builds the overlays of Warewulf anew, by `wwctl overlay build`.",
    ),
];

/// How they are used.
pub const SHIPPED_INTRO: &str = "\
They are in `/usr/local/share/gosync/hooks`, and run from there. A file of settings that is not in `/etc/gosync` is the one \
beside the hook, whose comments say what can be set.";

/// A configuration with them.
pub const EXAMPLE_CONFIGURATION: &str = r#"[hooks]
attributes = ["quota", "slurm_account"]

[hooks.user]
run  = ["/usr/local/share/gosync/hooks/quota", "/usr/local/share/gosync/hooks/slurm"]
post = ["/usr/local/share/gosync/hooks/warewulf"]"#;

/// A hook.
pub const EXAMPLE_HOOK: &str = r#"#!/bin/sh
# A directory on the scratch file system for everybody.
case $GOSYNC_EVENT in
created | unlocked) install -d -m 0700 -o "$PW_UID" -g "$PW_GID" -- "/scratch/$PW_NAME" ;;
esac"#;

/// The variables that hooks are given.
pub const HOOK_ENVIRONMENT: [(&str, &str); 10] = [
    (
        "GOSYNC_KEY",
        "Names the event for ever; for a member of a group, the name is added, and for `pre` and `post` the number of the \
      attempt. The same key twice means the same thing again.",
    ),
    ("GOSYNC_KIND", "`user`, `group` or `bygroup`."),
    (
        "GOSYNC_EVENT",
        "`created`, `updated`, `locked`, `unlocked`, `renamed`, `archived` (the home was packed and taken away) or \
      `removed`; of several, the most telling. Not for `pre` and `post` of users and groups. \
      Another e-mail address or other keys at the provider alone are `updated`, too.",
    ),
    (
        "GOSYNC_MEMBER",
        "For a member of a group: `added`, or `kept` for one who was there before.",
    ),
    ("GOSYNC_ROOT", "The directory of `--root`, if there is one."),
    (
        "PW_NAME, PW_PASSWD, PW_UID, PW_GID, PW_GECOS, PW_DIR, PW_SHELL",
        "The fields of the account's line in passwd(5), as they are after the change, or were before it was removed.",
    ),
    (
        "POSIX_ETC_PASSWD, POSIX_ETC_GROUP",
        "The whole line of the account, or of the group.",
    ),
    (
        "GR_NAME, GR_PASSWD, GR_GID, GR_MEM",
        "The fields of the group's line in group(5). A line that no variable can hold, over 120,000 bytes, is left out.",
    ),
    (
        "EMAIL, SSH_KEYS",
        "What the provider says of a person, if it is one plain address, and plain lines; for members of groups, and for \
      accounts of people whom the provider was not asked about, what it said in the last `gosync sync users`.",
    ),
    (
        "PATH, LC_ALL",
        "`/usr/sbin:/usr/bin:/sbin:/bin` and `C.UTF-8`.",
    ),
];
