//! What gosync(8) says about hooks.

/// What they are and when they run.
pub const HOOKS: &str = "\
Hooks are programs of yours that run when accounts and groups have changed; gosync.toml(5) names them in `[hooks]`. They \
run after the change, under gosync's own lock but no other, and a failure of theirs undoes nothing. For each new or \
changed account run the hooks of `[hooks.user]`, and for each group those of `[hooks.group]` and of `[hooks.bygroup]`, the \
latter once for each member. Those of `pre` and `post` run once around them, if there was anything; for `[hooks.bygroup]` \
once around the members of each group.

A hook is given the argument `-update` if the account or group was known before. On its standard input is one JSON object \
with the whole change: `key`, `kind`, `event`, `name`, `id`, `provider`, `command`, `at`, `known`, `account` or `group`, \
`member` and `changes`. The `pre` and `post` of `[hooks.bygroup]` read the names of the members there instead, one on each \
line.

It runs in `/` with the umask 077, with the variables below and no others, with nothing open but standard input, output \
and error, and in a process group of its own, which is killed when the hook has ended or its time is up. What it says is \
kept for the log (`-v`) and for the message about its failure.

Exit code 0 says that it is done, 75 that it wants to be called later, and any other that it failed. Events wait in a \
queue in the ledger, which is written together with the change: whatever kills gosync, each hook is run. What failed, was \
put off or was interrupted is run again by later runs, also by those that find no provider or are stopped by a limit, less \
and less often, and in the end given up until somebody uses `--retry-hooks`. A hook that ended well is not run again for the same event; one that was interrupted may be, with the \
same `GOSYNC_KEY`. For one account or group, events stay in order. `gosync status` shows the queue.

A hook must belong to root, and so must every directory and link on the way to it; nobody else may write them. Otherwise \
it is not run, and counts as failed. With `--root` no hooks run, unless `--root-hooks` is given; they may belong to whoever \
calls gosync then.

`share/gosync/hooks/welcome` comes with gosync: in `run` of `[hooks.user]`, it writes to the e-mail address of each new \
account, through sendmail(8), what stands in `/etc/gosync/welcome.txt`, or else in `welcome.txt` beside it.";

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
