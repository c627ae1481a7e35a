//! What can be wrong with gosync's own accounts and groups, and what the doctor says of each fault.

use crate::commands::doctor::report::Severity::{self, Note, Problem, Warning};

/// What can be wrong with our own lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    NotInPasswd,
    OtherUid,
    Twice,
    SharedUid,
    NoPassword,
    NoShadow,
    NoPrimaryGroup,
    Reopened,
    ClosedByHand,
    NoSubids,
    GroupGone,
    OtherGid,
    GroupTwice,
    SharedGid,
    NoGshadow,
    StrangeMember,
    GivenAgain,
    SubidsShared,
    NoHome,
    OthersHome,
}

impl Fault {
    /// How bad it is, what is so, why it matters, and what to do.
    pub(super) fn words(self) -> (Severity, &'static str, &'static str, &'static str) {
        let (_, severity, what, why, fix) = WORDS[self as usize];
        (severity, what, why, fix)
    }
}

/// The words for each fault, in the order in which [`Fault`] declares them.
const WORDS: [(Fault, Severity, &str, &str, &str); 20] = [
    (
        Fault::NotInPasswd,
        Warning,
        "accounts of gosync's that are not in passwd",
        "they were deleted by hand; `deleted_by_hand` in [accounts] says whether gosync only reports it, or makes them again",
        "gosync sync users --dry-run   # says what the next run does; gosync deluser NAME ends it",
    ),
    (
        Fault::OtherUid,
        Problem,
        "accounts of gosync's with another uid than gosync gave",
        "files belong to uids, not to names: these accounts lost their own files and got those of others",
        "vipw   # set the uid back to what `sqlite3 ledger.sqlite 'SELECT name, uid FROM accounts'` says",
    ),
    (
        Fault::Twice,
        Problem,
        "accounts of gosync that are in passwd twice",
        "programs disagree on which line counts; gosync leaves them alone",
        "vipw   # remove the line that gosync did not make",
    ),
    (
        Fault::SharedUid,
        Problem,
        "accounts of gosync's whose uid another account has, too",
        "both own the same files and may end each other's processes",
        "usermod -u NEW-UID OTHER   # the account that gosync did not make",
    ),
    (
        Fault::NoPassword,
        Problem,
        "accounts of gosync's with an empty password",
        "whoever knows the name may log in",
        "passwd -l NAME",
    ),
    (
        Fault::NoShadow,
        Problem,
        "accounts of gosync's without a sound line in shadow",
        "they cannot log in, and a lock would not be one",
        "pwconv",
    ),
    (
        Fault::NoPrimaryGroup,
        Problem,
        "accounts of gosync's whose primary group is not in group",
        "files get a gid without a group, which may later be given to one",
        "groupadd -g GID NAME   # as their line in passwd says",
    ),
    (
        Fault::Reopened,
        Warning,
        "accounts that gosync locked and that are open",
        "their people have left; they were opened by hand",
        "gosync sync users --dry-run   # or usermod -L -e 1 NAME",
    ),
    (
        Fault::ClosedByHand,
        Note,
        "accounts that were not locked by gosync",
        "gosync counts them as open, and a password that is locked alone does not stop SSH keys",
        "usermod -e 1 NAME   # shuts SSH keys out as well; usermod -U -e '' NAME if it was a mistake",
    ),
    (
        Fault::NoSubids,
        Warning,
        "accounts of gosync's that lack their line in subuid or subgid",
        "their rootless containers do not start",
        "usermod --add-subuids FIRST-LAST --add-subgids FIRST-LAST NAME   # `subid` in the ledger is FIRST",
    ),
    (
        Fault::GroupGone,
        Warning,
        "groups of gosync's that are not in group",
        "they were deleted by hand; their members lack what they grant",
        "gosync sync groups --dry-run",
    ),
    (
        Fault::OtherGid,
        Problem,
        "groups of gosync's with another gid than gosync gave",
        "files belong to gids, not to names",
        "groupmod -g GID NAME   # `sqlite3 ledger.sqlite 'SELECT name, gid FROM unix_groups'` says which",
    ),
    (
        Fault::GroupTwice,
        Problem,
        "groups of gosync that are in group twice",
        "programs disagree on who is a member; gosync leaves them alone",
        "vigr   # remove the line that gosync did not make",
    ),
    (
        Fault::SharedGid,
        Problem,
        "groups of gosync's whose gid another group has, too",
        "the members of each have what the other grants",
        "groupmod -g NEW-GID OTHER   # the group that gosync did not make",
    ),
    (
        Fault::NoGshadow,
        Warning,
        "groups of gosync's that are in group and not in gshadow",
        "gpasswd and newgrp fail for them",
        "grpconv",
    ),
    (
        Fault::StrangeMember,
        Warning,
        "groups of gosync's with members that are no accounts in the files",
        "an account that gets such a name some day inherits the membership",
        "gosync sync groups   # a member that an admin added: gpasswd -d MEMBER GROUP",
    ),
    (
        Fault::GivenAgain,
        Problem,
        "accounts and groups of others with an id that gosync gave to one of its own",
        "they own what the one before left behind: files, mail, crontabs",
        "usermod -u NEW-UID NAME   # or groupmod -g; and set UID_MAX in /etc/login.defs below `uid_range`",
    ),
    (
        Fault::SubidsShared,
        Problem,
        "accounts of gosync whose subordinate ids also belong to another account",
        "the containers of each can be changed by the other",
        "usermod --del-subuids FIRST-LAST --del-subgids FIRST-LAST OTHER",
    ),
    (
        Fault::NoHome,
        Warning,
        "accounts of gosync's without their home",
        "logins end in /, or fail",
        "mkhomedir_helper NAME",
    ),
    (
        Fault::OthersHome,
        Problem,
        "accounts of gosync whose home belongs to another account, or is not a directory",
        "sshd ignores keys there, and the owner can change what runs at login",
        "chown -h NAME: HOME   # after a look at what is in it",
    ),
];

// A fault without its own words in its own place does not compile.
const _: () = {
    assert!(WORDS.len() == Fault::OthersHome as usize + 1);
    let mut at = 0;
    while at < WORDS.len() {
        assert!(WORDS[at].0 as usize == at);
        at += 1;
    }
};
