//! What gosync(8) says to those who write programs that read what gosync prints and logs.

/// What JSON OUTPUT of gosync(8) says.
pub const JSON_OUTPUT: &str = "\
A command that is asked for JSON prints one object on standard output, and nothing else: notices, warnings and errors go to \
standard error. Each object has a JSON Schema (2020-12) in share/gosync/schema. `format` is the version of the format (the directory \
document has none): it is raised when a key is removed or changes its meaning. Keys may be added without that, so readers should ignore \
keys that they do not know. Text from a provider is a JSON string like any other; in sentences it is also escaped. Times \
are in UTC.";

/// What prints which document, and its schema.
pub const DOCUMENTS: [(&str, &str); 10] = [
    (
        "run.schema.json",
        "`--format json` of every command that plans changes, in dry runs and real ones.",
    ),
    ("status.schema.json", "`gosync status --format json`"),
    ("accounts.schema.json", "`gosync accounts --format json`"),
    ("history.schema.json", "`gosync history --format json`"),
    ("why.schema.json", "`gosync why --format json`"),
    ("drift.schema.json", "`gosync drift --format json`"),
    ("doctor.schema.json", "`gosync doctor --format json`"),
    ("people.schema.json", "`gosync user dump -t json`"),
    ("groups.schema.json", "`gosync group list -format json`"),
    (
        "directory.schema.json",
        "`gosync export`: a directory document.",
    ),
];

/// What comes before the keys of a run.
pub const RUN: &str = "\
A run of `sync`, `plan`, `apply`, `undo`, `deluser`, `adopt`, `rebind`, `release`, `lock`, `unlock` or `ledger rebuild` prints its object with \
`--format json` also if it fails, is refused by a limit or does not start; there is none only after a signal, or if the command line is \
invalid. It has the `command`, whether it is a `dry_run`, when it `began` and how many `seconds` it took, its `exit` as below, in `error` what prevented \
any run, such as an invalid configuration or a lock that is held, and `runs`: each sync of each provider, in their order, so that `sync` alone has two for \
each, and other commands have one. `targets` has each target that is made of what the host has, as the end of the command left it, or would leave it: its `target`, the section; its `outcome`, which is `done`, `pending` (a dry run would change it), `unmoved`, `left-out` (by --target) or `behind`; its `changes`, each with a `deed` such as `added`, the `path` of the file, or null, and the `names` of lines, records or entries; its `error`, or null, and its `warnings`. `behind` names those that are not in step, or would not be, and `warnings` says what was reported of what they are made of.

Each object in `runs` has:";

/// The keys of a run.
pub const RUN_KEYS: [(&str, &str); 22] = [
    (
        "command, provider, target",
        "What was run, with which provider, and the section of the host.",
    ),
    (
        "kind",
        "`account` or `group`; null if it is about both, or not known.",
    ),
    (
        "outcome",
        "How it ended, in more detail than the status: see below.",
    ),
    (
        "exit",
        "The `status` as if it had been run alone, and its `reason`: `done`, `failed` (1), `usage` (2), `partial` (3), `pending` (4), \
         `not-out` (5), `limit` (10), `busy` (11) or `provider` (12).",
    ),
    (
        "error",
        "null, or what failed: `message`, and `hints` on what to do next.",
    ),
    (
        "read",
        "null if the provider was not read; else its `extent` (`complete`, `narrowed`, `incomplete`, or `none` if nothing has moved), `why` that \
         is known, whether it was found `unmoved`, how many `records` it had, and `since` when, if only what has changed since was read.",
    ),
    (
        "run",
        "Its number in `gosync history`; null if nothing was written to the databases.",
    ),
    (
        "applied",
        "Whether `changes` is what was done, also if the run failed after that; else it is what would be.",
    ),
    (
        "digest",
        "What names exactly this plan; null if there is none.",
    ),
    (
        "approve",
        "null, or the digest that lets the plan through by --approve.",
    ),
    (
        "limits",
        "Each limit that refuses the plan: `limit` (`run`, `day`, `month`, `none-left`, `additions`, `additions-day` or `numbers`), `what` is \
         counted, `count`, `allowed`, `of` how many, `names`, `text`.",
    ),
    (
        "generation",
        "How many plans had been committed on this host before.",
    ),
    (
        "incomplete",
        "null, or why the read is not known to be complete: no account was locked or removed because of it.",
    ),
    (
        "counts",
        "How many changes there are of each kind, as in the summary.",
    ),
    (
        "changes",
        "Each change in the order of the plan, with its word as `change`, its `kind`, `id` and `name`, and what belongs to it. A lock has its `reason`, \
         a word, and `text`.",
    ),
    (
        "missing",
        "Who is missing from complete reads: `since` when, and `not_before` when the account can be locked.",
    ),
    (
        "refused",
        "People and groups that were left out, or not completely handled, each with `subject`, `id`, `reason` and `text`. A `reason` is a word that stays the same.",
    ),
    (
        "remarks",
        "What stays different from the provider's record, with `name`, `reason` and `text`.",
    ),
    (
        "not_out",
        "How many accounts should be locked and are not, or not completely.",
    ),
    (
        "hooks",
        "null in a dry run; else for how many events hooks are `done`, `failed`, or wait for `later`.",
    ),
    ("warnings", "All other warnings, as they were printed."),
    ("seconds", "How long it took."),
];

/// What comes before the outcomes.
pub const OUTCOME: &str = "The outcome is one of:";

/// How a run can end.
pub const OUTCOMES: [(&str, &str); 17] = [
    ("done", "Everything is done, or there was nothing to do."),
    (
        "unmoved",
        "Nothing has changed since a run that had nothing to do.",
    ),
    ("pending", "It was a dry run, and changes are pending."),
    (
        "declined",
        "The question whether to carry it out was answered with no.",
    ),
    (
        "over-a-limit",
        "The plan exceeds limits; nothing was written.",
    ),
    (
        "everything-new-refused",
        "All new people were refused, for the same causes.",
    ),
    (
        "provider-unnamed",
        "The ledger has accounts or groups of a provider that is not configured.",
    ),
    (
        "not-out",
        "An account should be locked, and is not, or not completely.",
    ),
    (
        "ids-changed",
        "The provider seems to have new ids for the same people or groups.",
    ),
    (
        "incomplete",
        "The read was not complete; no account was locked or removed because of it.",
    ),
    (
        "held-up",
        "Something on this host could not be examined or done; the accounts concerned are left as they are.",
    ),
    ("target-behind", "A derived target could not be written."),
    (
        "rejected",
        "Records were refused: in a sync with --strict, or by a command for named accounts, such as `adopt`.",
    ),
    (
        "unsettled",
        "The provider contradicts itself, or does not say of a person whether they are disabled.",
    ),
    ("hooks-failed", "With --strict: hooks failed."),
    (
        "broken-off",
        "It failed; what had been done by then is in `changes` if `applied` is true.",
    ),
    (
        "not-begun",
        "Another command holds the lock, or an earlier sync of this command was interrupted.",
    ),
];

/// What LOG of gosync(8) says.
pub const LOG: &str = "\
In addition to the messages there is a log on standard error: warnings, and more with each -v. With -vv it has each search as a line that can be pasted into a shell: ldapsearch(1) for LDAP, curl(1) for HTTP. Such a line \
names the file of a secret and never shows it; a token that has to be requested first is in the shell variable `granted`, which the line that requests it sets, and \
jq(1) reads it from there. Requests that change something are not shown in this form. With `--log-format json` each line of the log is a JSON object \
with `timestamp`, `level`, `target` and `message`; the messages beside it, which begin with `gosync `, stay as they are, and -q leaves out \
the notices.

Such a log has, also without -v, a line for each change, each refusal and each limit, of `target` `gosync::event`, as in event.schema.json. In the text form the \
messages say the same.

Where standard error is the journal of systemd, by JOURNAL_STREAM, each line there begins with its priority, by sd-daemon(3), which the journal takes off: `<3>` for errors \
and what to do about them, `<4>` for warnings, `<5>` for notices, and in the log `<6>` for information and `<7>` for what -vv adds. So do notices if standard \
output is the journal. `journalctl -u gosync-follow -p warning` shows what needs attention.";

/// The fields of an event in the log.
pub const EVENT_FIELDS: [(&str, &str); 12] = [
    ("event", "`change`, `refusal` or `limit`."),
    (
        "level",
        "INFO for a change, WARN for a refusal, ERROR for a limit.",
    ),
    (
        "command, provider",
        "What was run, and with which provider.",
    ),
    (
        "run",
        "Its number in `gosync history`; not there if nothing was written to the databases.",
    ),
    (
        "applied",
        "Of a change: whether it is done; false in a dry run.",
    ),
    ("change", "Of a change: its word, such as `create-account`."),
    (
        "kind",
        "`account`, `group` or `local-group`, if that is known.",
    ),
    (
        "name",
        "Of a change, the name on this host; of a refusal, what the provider calls it; of a limit, what is counted.",
    ),
    ("id", "The id at the provider, if there is one."),
    (
        "uid, gid",
        "Of a change: the numbers that are given, or belong to it.",
    ),
    (
        "reason",
        "The word for why: of a lock or a refusal; of a limit, which one it is.",
    ),
    (
        "count, allowed, of, digest",
        "Of a limit: how many there would be, how many may, of how many; and the digest of the plan.",
    ),
];
