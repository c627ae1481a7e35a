//! The parts of the help and of gosync(8) that clap has no place for.

use std::fmt::Write as _;

/// What is typed where systemd runs the host.
pub const TIMERS: [&str; 2] = [
    "systemctl enable --now gosync.timer gosync-new.timer",
    "systemctl list-timers 'gosync*'; journalctl -u gosync -u gosync-new",
];

/// The lines of root's crontab, for a program where `make install` puts it. Each is one command: groups are brought in step
/// also where the sync of people fails.
pub const CRONTAB: [&str; 2] = [
    "*/2  * * * * /usr/local/bin/gosync -q --nw sync --new --splay 60s --remind 6h",
    "*/15 * * * * /usr/local/bin/gosync -q --nw sync --splay 90s --remind 6h",
];

/// The lines of those who come from the original, which work as they are where the program is in that directory.
pub const CRONTAB_ORIGINAL: [&str; 2] = [
    "*/2  * * * * ( cd /usr/local/gosync && ./gosync -q --nw sync users --new && ./gosync -q --nw sync groups ) >/dev/null 2>&1",
    "*/15 * * * * ( cd /usr/local/gosync && ./gosync -q --nw sync users --updated; ./gosync -q --nw sync groups ) >/dev/null 2>&1",
];

/// What gosync(8) says besides what `gosync --help` does.
pub const DESCRIPTION: &str = "\
A run takes the lock against other runs, reads the provider, makes a plan, judges it by the limits of the configuration, \
and carries it out. It ends with one line that counts what was done. A dry run is the same run, stopped before it \
commits.

If a run is killed, at whatever moment, every file is intact; the next run completes or rolls back what was started. A read that fails \
or is incomplete removes nothing. A record that cannot be used is reported and left out, without effect on others.

Of people and groups at the provider, names that differ only in the case of the letters a to z are the same: `sync users \
--only ALICE`, `sync groups PHYSICS`, `why ALICE`, `adopt alice --as ALICE` and `group member physics ALICE` mean what they \
would mean in lower case. If several records have the same name, the one with exactly this spelling is meant; if there is none, \
the command says so and does nothing to them. Names of accounts and groups of this host are case-sensitive, as on the \
host.

Notices and data go to standard output. Warnings, errors, progress and the log go to standard error; so do notices if JSON is \
asked for.";

/// What gosync.toml(5) begins with.
pub const CONFIGURATION: &str = "\
A TOML file. Every key is listed with its default; a key that is unset by default, with an example. A key that is left out \
has its default, and an unknown key is refused with file, line and column.

The configuration is each file named by `-f`, a later one overriding an earlier one key by key; else what the variable \
`GOSYNC_CONFIG` names; else `gosync.toml` beside the program; else `/etc/gosync/gosync.toml`.";

/// What the kinds file, command and http read.
pub const DOCUMENT: &str = "\
A JSON document of this form. Of a person only `id` and `login` must be there, of a group only `id` and `name`. The \
`id` never changes, and always belongs to the same person or group; by it gosync tells a rename from a departure. A \
member's `role` is `member`, `manager` or `admin`; the `status` is `active`, `invited`, `pending`, `suspended`, \
`rejected`, `removed`, `left` or `declined`, and only `active` counts. `complete` says whether these are all people and \
groups: if it is left out, a file counts as complete, and the answer of a command or a web server does not. `generated` is \
when the document was made, for `max_age`; `counts` is the number of records: if they differ, the read is incomplete.";

/// An example of it.
pub const DOCUMENT_EXAMPLE: &str = r#"{"complete": true, "generated": "2026-11-28T12:00:00Z",
 "counts": {"users": 1, "groups": 1},
 "users":  [{"id": "u-1", "login": "alice", "name": "Alice Liddell",
             "email": "alice@example.org", "active": true,
             "uid": 20001, "gid": 100, "home": "/home/alice",
             "shell": "/bin/bash", "ssh_keys": ["ssh-ed25519 AAAA..."],
             "updated": "2026-11-20T10:00:00Z",
             "attributes": {"quota": "10G"}}],
 "groups": [{"id": "g-1", "name": "connect", "description": "Everyone",
             "parent": null, "gid": 60001,
             "members": [{"user": "u-1", "role": "member",
                          "status": "active"}]}]}"#;

/// Exit codes and what they mean.
pub const EXIT_CODES: [(&str, &str); 9] = [
    ("0", "Done, or nothing to do."),
    ("1", "Failed."),
    ("2", "Wrong usage, or an invalid configuration."),
    (
        "3",
        "Done in part: a group command failed for some of several people or groups; or something on this host could not be \
         examined, and the accounts concerned are left as they are; or the provider contradicts itself, or does not say of a person \
         whether they are disabled; or, with --strict, records were rejected or hooks failed. Without --strict that is reported, and \
         the status is 0.",
    ),
    (
        "4",
        "With --dry-run --exit-code: changes are pending. With drift --exit-code: something differs.",
    ),
    (
        "5",
        "Everything else is done, but an account that should be locked is not, or not completely: it is open, or \
         keys remain. Each is reported with the reason and what to do.",
    ),
    ("10", "The plan exceeds a limit; nothing was written."),
    (
        "11",
        "Busy: another run holds the lock; or, with [writers], another host writes to the directory.",
    ),
    (
        "12",
        "The provider could not be read, or not completely; no account was locked or removed.",
    ),
];

/// What METRICS of gosync(8) says.
pub const METRICS: &str = "\
With `textfile` in `[metrics]`, each sync leaves its figures in a file for the textfile collector of node_exporter, which must \
be started with `--collector.textfile.directory`; Debian's is. The file is replaced at the end of every `gosync sync` and of \
every round of `gosync follow`, also if the run failed, was refused by a limit or found nothing moved; not by dry runs, nor by \
runs that find the lock held. What other commands change is in it after the next sync. If the configuration cannot be read, the place of the file is unknown: it stays as it is, and \
its times become old.

Each figure is that of the last run that determined it. Of syncs, only those of all people or groups are shown, and only until a later one \
replaces them. `command` is the sync, such as `sync users --new`, and `provider` the section of its provider. A section that is no longer \
read is shown until it is removed from the configuration or has `active = false`.

Alert rules are in share/gosync/prometheus/gosync.rules.yml, a dashboard for Grafana in share/gosync/grafana/gosync.json.";

/// The metrics, with their labels.
pub const METRIC_NAMES: [(&str, &str); 17] = [
    (
        "gosync_build_info{version}",
        "1, with the version that wrote the file.",
    ),
    (
        "gosync_last_run_timestamp_seconds{command,provider}",
        "When the last run ended, however it ended.",
    ),
    (
        "gosync_last_run_duration_seconds{command,provider}",
        "How long it took.",
    ),
    (
        "gosync_last_run_exit_code{command,provider}",
        "Its status; see EXIT STATUS.",
    ),
    (
        "gosync_last_success_timestamp_seconds{command,provider}",
        "When a run last ended with 0.",
    ),
    (
        "gosync_refused_by_limit{command,provider}",
        "1 if a limit refused the last run's plan; else 0.",
    ),
    (
        "gosync_people_not_out{command,provider}",
        "How many accounts should be locked and are not, or not completely.",
    ),
    (
        "gosync_last_complete_read_timestamp_seconds{command,provider}",
        "When the provider was last read completely; `command` is `sync users` or `sync groups`.",
    ),
    (
        "gosync_last_confirmed_read_timestamp_seconds{command,provider}",
        "When it was last read completely, or found unchanged since.",
    ),
    (
        "gosync_provider_records{provider,kind,verdict}",
        "How many records the provider had: `kind` is `user` or `group`, `verdict` is `refused` for those that `gosync accounts \
         --state refused` names, and `used` for the others.",
    ),
    (
        "gosync_accounts{state}",
        "How many accounts in the ledger are `active`, `locked`, `removed` or `released`.",
    ),
    (
        "gosync_missing_accounts",
        "How many active accounts belong to missing people, and are open until their departure is proven.",
    ),
    ("gosync_groups{state}", "How many groups, as for accounts."),
    (
        "gosync_hooks{state}",
        "How many hooks are `queued`, or `given_up`.",
    ),
    (
        "gosync_target_in_step{target}",
        "1 if a target that is made of what the host has was in step at the end of the last command, 0 if it could not be written.",
    ),
    (
        "gosync_changes_total{kind,change}",
        "How many changes were made to accounts and groups: `change` is a key of `counts` in `gosync status --format json`. An \
         interrupted run adds nothing.",
    ),
    (
        "gosync_config_last_change_timestamp_seconds",
        "When the configuration was last written.",
    ),
];

/// Files that gosync reads or writes.
pub const FILES: [(&str, &str); 12] = [
    (
        "gosync.toml beside the program, else /etc/gosync/gosync.toml",
        "The configuration; see gosync.toml(5). It is \
      read if neither -f nor GOSYNC_CONFIG names another file.",
    ),
    (
        "/etc/passwd, /etc/shadow, /etc/group, /etc/gshadow",
        "The accounts and groups of this host. A line that gosync \
      does not own stays as it is, byte for byte.",
    ),
    (
        "/etc/subuid, /etc/subgid",
        "Subordinate ids, if configured.",
    ),
    (
        "/var/lib/extrausers/",
        "Takes the place of the files in /etc with `database = \"extrausers\"`.",
    ),
    (
        "/etc/passwd.cache, /etc/group.cache, /etc/shadow.cache",
        "Take the place of the files in /etc with `database = \"nss_cache\"`, with their indexes \
      (FILE.ixname, .ixuid, .ixgid): links to the files behind /etc/nss_cache.",
    ),
    ("/etc/shells", "The shells that an account may have."),
    (
        "/etc/sudoers, /etc/sudoers.d/, /etc/sudo.conf, /etc/doas.conf, /etc/polkit-1/rules.d/, /etc/ssh/sshd_config, \
      /etc/security/access.conf, /etc/security/group.conf, /etc/security/capability.conf, /etc/cron.allow, /etc/at.allow, \
      /etc/pam.d/",
        "Read for names that no new account or group gets; see `trusted_names`.",
    ),
    ("/etc/skel/", "The initial contents of a new home."),
    (
        "/etc/.pwd.lock",
        "The lock of passwd(1), useradd(8) and others; held for milliseconds.",
    ),
    (
        "/var/lib/gosync/",
        "The ledger of what gosync owns, copies of it, and the journal of a commit.",
    ),
    (
        "/etc/gosync/anchor",
        "Says which ledger belongs to the accounts of this host; it changes with them. Do not edit it, and do not copy it to \
      another host.",
    ),
    (
        "/run/gosync/lock",
        "The lock against other runs. Never delete it; the kernel releases the lock when its holder ends.",
    ),
];

/// Environment variables; no others are read.
pub const ENVIRONMENT: [(&str, &str); 4] = [
    (
        "GOSYNC_CONFIG",
        "The configuration to read if there is no -f.",
    ),
    (
        "JOURNAL_STREAM",
        "Which stream is systemd's journal: messages there begin with their priority; see LOG.",
    ),
    (
        "NOTIFY_SOCKET",
        "Where `gosync follow` reports to systemd that it is in step; see sd_notify(3).",
    ),
    (
        "SOURCE_DATE_EPOCH",
        "The time, in seconds since 1970, that dates the last change of a new account's password; \
      for reproducible images.",
    ),
];

/// Command lines, and what they do.
pub const EXAMPLES: [(&str, &str); 15] = [
    (
        "gosync sync users --dry-run",
        "Show what a run would change, and change nothing.",
    ),
    (
        "gosync sync users --only alice,bob",
        "Bring two accounts in step.",
    ),
    (
        "gosync sync users --approve 5c0f3a...",
        "Carry out exactly the plan that a limit has refused; the refusal \
      names the digest.",
    ),
    (
        "gosync --root /srv/image --file campus.toml sync users",
        "Put the accounts into an image.",
    ),
    (
        "gosync deluser alice --archive-home /srv/archive",
        "Remove an account and keep its home elsewhere.",
    ),
    (
        "gosync follow",
        "Keep the host in step within seconds; gosync-follow.service runs it under systemd.",
    ),
    (
        "gosync lock alice --reason 'laptop stolen'",
        "Lock an account now, whatever the provider says; `gosync unlock alice` ends it.",
    ),
    (
        "gosync group new physics.lab : alice bob",
        "Make a group below `physics`, with two members; both join `physics`.",
    ),
    (
        "gosync group list -format csv 'physics*' !physics and",
        "List what is below a group for another program.",
    ),
    (
        "gosync shell < commands",
        "Run the commands of a file until one fails.",
    ),
    (
        "gosync drift",
        "Show what was changed by hand, and what the next run does about it.",
    ),
    (
        "gosync adopt jdoe --as john.doe",
        "Adopt an account that exists on this host already.",
    ),
    (
        "gosync rebind --all --by login -n",
        "Show how accounts whose records have new ids would be tied to them.",
    ),
    (
        "gosync plan -o monday.json users",
        "Write a plan for review; `gosync apply monday.json` carries it out.",
    ),
    (
        "gosync why alice",
        "Explain why an account is as it is, and what the next run would change.",
    ),
];

/// What stands below the options in `gosync --help`.
pub fn after_long_help() -> String {
    let mut out = String::new();
    let mut section = |title: &str, rows: &[(&str, &str)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{title}:");
        for (term, meaning) in rows {
            let _ = match term.len() {
                0..=3 => writeln!(out, "  {term:<3} {meaning}"),
                _ => writeln!(out, "  {term}\n          {meaning}"),
            };
        }
        out.push('\n');
    };
    section("Exit codes", &EXIT_CODES);
    section("Files", &FILES);
    section("Environment", &ENVIRONMENT);
    section("Examples", &EXAMPLES);
    let _ = write!(
        out,
        "Every 2 and every 15 minutes, by systemd:\n  {}\n\n",
        TIMERS[0]
    );
    let _ = write!(
        out,
        "By root's crontab:\n  {}\n  {}",
        CRONTAB[0], CRONTAB[1]
    );
    out
}
