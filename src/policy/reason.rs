//! Why something is refused, left as it is, or done: every reason that policy and plan give.
//!
//! A reason is data with a word of its own, so that it can be counted, looked for and tested; its sentence for people
//! stands beside it, here and nowhere else. The words stay what they are, whatever becomes of the sentences. What a
//! provider or the system itself says of a failure is text in a reason. The file is long since it is a table.

use std::fmt;

use super::alloc::Exhausted;
use super::field::Field;
use super::select::NoSelection;
use crate::model::history::EntryKind;
use crate::model::name::BadName;
use crate::model::power::Place;
use crate::model::ssh_key::BadKey;
use crate::model::text::{shell_word, shown};
use crate::model::{
    Examples, Gid, IdRange, MemberHint, ProviderName, RemoteId, Untrusted, UserField, counted,
};

/// Makes the type of a table: for each reason its data, its word and its sentence.
macro_rules! reasons {
    ($($name:ident $({ $($field:ident: $kind:ty),+ })? = $word:literal, ($($sentence:tt)+);)+) => {
        /// A reason; what each says is its documentation.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[allow(missing_docs)]
        pub enum Reason {
            $(#[error($($sentence)+)] $name $({ $($field: $kind),+ })?,)+
        }

        impl Reason {
            /// The word for it, which stays the same.
            pub fn word(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $word,)+
                }
            }

            #[cfg(test)]
            const WORDS: &'static [&'static str] = &[$($word),+];
        }
    };
}

reasons! {
    // Names and numbers that the provider asks for.
    SameId = "same-id", ("two records have this id");
    Record { said: String } = "record", ("{said}");
    RecordOfShutOut { said: String } = "record-of-shut-out",
        ("{said}; it says that the person is disabled, and that counts");
    RecordUnclear { said: String } = "record-unclear", ("{said}");

    // What a reading shows besides.
    IdleWords { words: String } = "idle-words",
        ("has words without effect: {words}; of several that are not joined, the last decides: put `or` behind them, as in \
        [\"a\", \"b\", \"or\"]");
    UnknownMembers { members: Examples, hint: Option<MemberHint> } = "unknown-members",
        ("lists {} nobody that was read: {members}{}", members_who(.members.count()), hinted(.hint));
    Twins { places: Examples } = "twins",
        ("is asked for by {} entries: {places}; `user_base` or `user_filter` should leave one of them", .places.count());
    GidsUnused { count: usize } = "gids-unused",
        ("does not use the primary groups that the provider names ({} of them); \"provider\" there gives each new account its own",
        .count);
    UnusedAttribute { attribute: String } = "unused-attribute",
        ("is `{attribute}` in the configuration, and no record that was read has that; is it misspelt, or not shown to \
        us?");
    UnmappedAttributes { names: Examples } = "unmapped-attributes",
        ("in the provider's section does not say where these attributes are: {names}; nobody has them. An empty one says that this provider \
        has none");
    MediaType { said: Untrusted } = "media-type",
        ("answers with the media type `{said}`, which is not JSON's; read all the same, since it is JSON");
    NoPages { answer: String } = "no-pages",
        ("cannot give pages of a size that is asked for ({answer}), and was read without; `paging = \"none\"` in its \
        section spares it the question");
    IgnoredReferrals { places: Examples } = "ignored-referrals",
        ("{} to other servers ignored, as `ignore_referrals` says: {places}", counted(.places.count(), "reference", "references"));
    JoinAmbiguous { provider: ProviderName } = "join-ambiguous",
        ("is joined with nobody at {}: the value that `[join] by` names is not one person's, there or here; give each person a value of their own",
        shown(.provider.as_str()));
    JoinTwoAccounts { provider: ProviderName, name: String } = "join-two-accounts",
        ("is the same person as `{}` of {}, by `[join]`, and both have an account; both stay until one is given back (`gosync release`) or leaves",
        shown(.name), shown(.provider.as_str()));
    JoinChanged { provider: ProviderName } = "join-changed",
        ("belongs to an account of {} by `[join]`, and the two records have not the same value any more: it gives that account nothing, and gets \
        none of its own; give both the same value, or take the record away", shown(.provider.as_str()));
    JoinWaits { provider: ProviderName } = "join-waits",
        ("gets no account from here: {} comes first, by `[join]`, and has made none yet", shown(.provider.as_str()));
    BadName { kind: EntryKind, name: Untrusted, why: BadName } = "bad-name",
        ("the name `{name}` {why}{}", let_in(.kind, *.why));
    BadLedgerName { why: BadName } = "bad-ledger-name", ("the ledger's name {why}");
    SystemName { kind: EntryKind, name: String } = "system-name",
        ("`{name}` is a name of the system's{}", or_power(.kind));
    NameOfPower { kind: EntryKind, name: String, place: Place } = "name-of-power",
        ("`{name}` stands in {place}, and may get power by it; `trusted_names` in [{}] lets such a name \
        in", section(.kind));
    InGroupOfPower { name: String, group: String, place: Place } = "in-group-of-power",
        ("`{name}` is in the group `{group}`, which stands in {place}, and may get power by it; `trusted_names` \
        in [groups] lets that be");
    NumberOfPower { kind: EntryKind, id: u32, place: Place } = "number-of-power",
        ("the {} {id} stands in {place}, and may get power by it; `trusted_names` with \"#{id}\" in [{}] lets \
        it be", number(.kind), section(.kind));
    KeptOutOfPower { names: String, place: Place } = "kept-out-of-power",
        ("does not get new members ({names}): it stands in {place}, and they may get power by it; \
        `trusted_names` in [groups] lets them in");
    KeepsName { new: Untrusted, why: Box<Reason> } = "keeps-name",
        ("is called `{new}` at the provider now, and keeps its name: {why}");
    AdoptedUnderThis = "adopted-under-this", ("it was adopted under this one");
    ThatNameTaken { kind: EntryKind, by: RemoteId } = "that-name-taken",
        ("that name belongs to another {}, {by}", owner(.kind));
    TwoWouldHaveName { kind: EntryKind } = "two-would-have-name",
        ("two {} would have that name", owners(.kind));
    NameTaken { kind: EntryKind, name: String, by: RemoteId } = "name-taken",
        ("the name `{name}` belongs to another {}, {by}", owner(.kind));
    NameNotInherited { kind: EntryKind, name: String, by: RemoteId } = "name-not-inherited",
        ("the name `{name}` belonged to another {}, {by}, and {} inherits \
        it", owner(.kind), none(.kind));
    TwoWouldBeCalled { kind: EntryKind, name: String } = "two-would-be-called",
        ("two {} would be called `{name}`", owners(.kind));
    KeepsNumber { kind: EntryKind, why: Box<Reason> } = "keeps-number",
        ("keeps its {}: {why}", number(.kind));
    NoNumber { kind: EntryKind, text: Untrusted } = "no-number",
        ("the {} `{text}` is no number", number(.kind));
    OutOfRange { kind: EntryKind, id: u32, range: IdRange } = "out-of-range",
        ("the {0} {id} is not in the range {range}; see `{0}_range` in [{1}]", number(.kind), section(.kind));
    ReservedNumber { kind: EntryKind, id: u32 } = "reserved-number",
        ("the {} {id} is reserved", number(.kind));
    TwoAskForNumber { kind: EntryKind, id: u32 } = "two-ask-for-number",
        ("two {} ask for the {} {id}", owners(.kind), number(.kind));
    TwoAskForHome { home: String } = "two-ask-for-home", ("two people ask for the home {home}");
    BelowNoHomeBase { wished: Untrusted, gets: String } = "below-no-home-base",
        ("has the home `{wished}`, which is below no home base; gets {gets}");
    ShellNotAllowed { wished: Untrusted, gets: String } = "shell-not-allowed",
        ("has the shell `{wished}`, which is not in /etc/shells; gets {gets}");
    ShellRefused { wished: Untrusted } = "shell-refused",
        ("has the shell `{wished}`, which is not in /etc/shells; `unknown_shell` in [accounts] refuses that");
    FieldUnknown { field: UserField, why: String } = "field-unknown",
        ("{} unknown: {why}", .field.as_str());
    NotAtProvider = "not-at-provider", ("the provider has nothing of this name");

    // Who is selected.
    ShutOut = "shut-out", ("this person is disabled at the provider");
    NotInTopGroup = "not-in-top-group", ("this person is no member of the top group");
    NoSelection { why: NoSelection } = "no-selection", ("{why}");
    NoAccount { why: Box<Reason> } = "no-account", ("gets no account: {why}");
    Filtered = "filtered", ("`filter` does not let it through");
    FilteredGroup { name: Untrusted } = "filtered-group",
        ("`filter` in [groups] does not let the provider's group `{name}` through");

    // What nobody could see, and what hangs on it.
    NotSeen { why: String } = "not-seen", ("{why}");
    NotOpened { why: Box<Reason> } = "not-opened", ("is to be opened again, and is not: {why}");

    // Names and numbers on this host.
    NotOurs { kind: EntryKind, name: String, id: u32, adoptable: bool } = "not-ours",
        ("{} `{name}` ({} {id}) is on this host already and is not \
        gosync's{}", an_entry(.kind), number(.kind), or_adopt(*.adoptable, .kind, .name));
    AccountHasName { name: String } = "account-has-name",
        ("an account is called `{name}`, and its own group may be too");
    Repeated { name: String } = "repeated", ("`{name}` stands more than once in the databases");
    Malformed { name: String } = "malformed",
        ("`{name}` stands in a malformed line of the databases; see pwck(8) and grpck(8)");
    KnownElsewhere { name: String, id: u32 } = "known-elsewhere",
        ("another name service of this host knows a `{name}` (id {id})");
    OtherProvider { name: String, provider: ProviderName } = "other-provider",
        ("the name `{name}` belongs to an account or a group of another provider, `{}`; if that is the same one and \
        `{}` has it no more, `gosync rebind {}` ties it to this provider", shown(.provider.as_str()),
        shown(.provider.as_str()), shell_word(.name));
    NameOfMissing { kind: EntryKind, name: String, by: RemoteId } = "name-of-missing",
        ("the {} `{name}` is that of {by}, which the provider has no more; if this is the same {}, `gosync rebind {}` ties \
        it to this record", entry(.kind), owner(.kind), shell_word(.name));
    WasRebound { kind: EntryKind, name: String } = "was-rebound",
        ("the {} of this id, `{name}`, is tied to another record now; if that is wrong, `gosync rebind {} --to NAME-AT-PROVIDER` \
        ties it to this one again", entry(.kind), shell_word(.name));
    GivenBack { back: GivenBack } = "given-back", ("{back}");
    GivenBackStands { kind: EntryKind, id: u32, back: GivenBack } = "given-back-stands",
        ("the {} `{}` ({} {id}) {back}", entry(.kind), .back.name, number(.kind));
    NumberUsed { kind: EntryKind, id: u32, by: String } = "number-used",
        ("its {} {id} is now used by `{by}`", number(.kind));
    OwnGroupNumberUsed { id: u32, by: String } = "own-group-number-used",
        ("the gid {id} of its own group is now used by the group `{by}`");
    NumberTaken { kind: EntryKind, id: u32, by: NumberHolder } = "number-taken",
        ("the {} {id} is taken: {by}", number(.kind));
    NumbersUnread { kind: EntryKind } = "numbers-unread",
        ("it names no {}, and which are free cannot be told: the provider names some, and not all of its records were \
        read", number(.kind));
    NoNumberNamed { kind: EntryKind } = "no-number-named",
        ("the provider names no {} for it, and `ids` is \"provider\" in [accounts]: none is given out here", number(.kind));
    NoNumberLeft { kind: EntryKind, range: Exhausted } = "no-number-left",
        ("{range}; widen `{}_range` in [{}]{}", number(.kind), section(.kind), or_its_own(.kind));
    NoSubidsLeft = "no-subids-left",
        ("no range of subordinate ids is left; widen `subid_range` in [accounts]");
    NoGroupOfGid { gid: Gid } = "no-group-of-gid",
        ("the group of its gid {gid} is not on this host");
    NoPrimaryGroupNamed { gid: Gid } = "no-primary-group-named",
        ("its primary group, of the gid {gid}, is not on this host, nor is it one of the provider's that come here");
    NoPrimaryGid = "no-primary-gid",
        ("the provider names no primary group for it, and `primary_group` is \"provider\" in [accounts]");
    PrimaryGroupNotMade { gid: Gid, why: Box<Reason> } = "primary-group-not-made",
        ("its primary group, of the gid {gid}, cannot be made: {why}");
    PrimaryGroupOfPower { gid: Gid, group: String } = "primary-group-of-power",
        ("its primary group would be `{group}`, of the gid {gid}, which grants power or is the system's");
    NoPrimaryGroup { name: String } = "no-primary-group",
        ("the primary group `{name}` is not on this host; make it, or set `primary_group` in [accounts] to one that is");
    PrimaryGroupNumber { name: String, gid: u32 } = "primary-group-number",
        ("the primary group `{name}` has the gid {gid}; set `primary_group` in [accounts] to another one");
    HomeUsed { home: String, by: String } = "home-used", ("the home {home} is that of `{by}`");
    HomeNotInherited { home: String, by: RemoteId } = "home-not-inherited",
        ("the home {home} was given to another person, {by}, and nobody inherits it");
    HomeOfOther { home: String, uid: u32 } = "home-of-other",
        ("{home} exists already and belongs to the uid {uid}");
    HomeNoDirectory { home: String } = "home-no-directory",
        ("{home} exists already and is no directory");

    HomeBaseMissing { base: String } = "home-base-missing",
        ("{base}, where homes are, is not there, and is never made: mount it, or `mkdir -m 0755 {base}`");
    HomeBaseNoDirectory { base: String } = "home-base-no-directory",
        ("{base}, where homes are, is no directory");
    HomeBaseNotMounted { base: String } = "home-base-not-mounted",
        ("nothing is mounted on {base}, where homes are, and `home_base_mounted` in [accounts] demands it");
    HomeBaseUnsafe { base: String, why: String } = "home-base-unsafe",
        ("nothing is done in {base}, where homes are: {why}");
    HomeBaseClosed { base: String, why: String } = "home-base-closed",
        ("nothing can be done in {base}, where homes are: {why}");
    SkeletonUnsafe { skeleton: String, why: String } = "skeleton-unsafe",
        ("no home is made from {skeleton}: {why}");

    // Lines that are not as gosync left them.
    RemovedByHand = "removed-by-hand", ("was removed by hand and is not made again");
    MadeAgain = "made-again", ("was removed by hand, and is made again");
    OtherNumber { kind: EntryKind, found: u32, given: u32 } = "other-number",
        ("has the {} {found} on this host, but gosync gave {given}; left alone", number(.kind));
    LineRepeated { kind: EntryKind } = "line-repeated",
        ("stands more than once in {}; left alone", database(.kind));
    LineMalformed = "line-malformed", ("stands in a malformed line, too; left alone");
    LineUnsound = "line-unsound",
        ("stands more than once in group, or in a malformed line; left alone");
    NotWritable = "not-writable", ("stands in a database that gosync does not write; left alone");
    MembersNotText = "members-not-text", ("has members that are no UTF-8; left alone");
    Forgettable { why: Box<Reason>, name: String, effect: Forgetting } = "forgettable",
        ("{why}; `gosync deluser --forget {name}` {effect}");
    NotLocked { why: Box<Reason>, name: String } = "not-locked",
        ("{why}, and not locked, though the person is gone or disabled; repair its line, see \
        pwck(8), or lock it: usermod -L -e 1 {name}");
    LockedAsItStands { why: Box<Reason> } = "locked-as-it-stands",
        ("{why} but for the lock, since the person is gone or disabled; repair its line, see \
        pwck(8)");
    NotLockedNow = "not-locked-now",
        ("is disabled at the provider; not locked, since this read is incomplete");
    NumberStays { kind: EntryKind, has: u32, asked: u32 } = "number-stays",
        ("keeps the {0} {has}: the provider says {asked} now, and {0}s never \
        change", number(.kind));
    PrimaryGroupStays { found: u32, given: u32 } = "primary-group-stays",
        ("keeps the primary group {found} that was set by hand; gosync gave {given}");
    FieldStays { field: Field } = "field-stays",
        ("keeps the {} that was set by hand", .field.as_str());
    FieldRestored { field: Field } = "field-restored",
        ("gets its {} back, which was changed by hand", .field.as_str());
    OpenedAgain = "opened-again",
        ("is opened again: it was locked by hand, and `keep_local` in [accounts] does not name `lock`");

    // Why an account is locked.
    Missing { runs: u32 } = "missing",
        ("missing in {}", counted(*.runs, "complete read", "complete reads"));
    OpenedByHand = "opened-by-hand", ("was opened by hand, and the person is still gone");
    HeldLocked { by: Untrusted } = "held-locked",
        ("locked by an administrator ({by}), until `gosync unlock`");
    HeldThough { by: Untrusted } = "held-though",
        ("stays locked, though the provider lets this person in: an administrator ({by}) holds it so, \
        until `gosync unlock`");
    NextSyncDecides = "next-sync-decides",
        ("the next sync opens it, if the provider lets this person in");
    NotLetIn = "not-let-in", ("stays locked: the provider does not let this person in");
    NotHeld = "not-held", ("no administrator holds it locked");
    NotOursToLock { name: String } = "not-ours-to-lock",
        ("the account `{name}` is not gosync's; lock it by hand: usermod -L -e 1 {name}");
    OtherProvidersAccount { name: Untrusted } = "other-providers-account",
        ("`{name}` belongs to another provider; choose that with -u, or tie it to this one: gosync rebind {}",
        shell_word(.name.raw()));
    LockShellBack = "lock-shell-back",
        ("had another shell than `lock_shell`, and gets that again as long as it is locked");
    ToBeRemoved = "to-be-removed", ("is about to be removed");
    LockedBefore { run: u64 } = "locked-before", ("was locked before run {run}");

    // Renames.
    RenameUnfinished { to: Untrusted, why: Box<Reason> } = "rename-unfinished",
        ("stands as `{to}` on this host, and the rename cannot be finished: {why}");
    KeysInTheWay { path: String } = "keys-in-the-way",
        ("{path} is there already, and would let somebody else in; remove it");
    InUse = "in-use", ("somebody is logged in, or processes run; end them first, or use --force");
    NewHomeTaken { home: String } = "new-home-taken",
        ("{home}, where its home should be, is there already");
    MailStays { path: String } = "mail-stays", ("its mail stays in {path}");
    CrontabStays { path: String } = "crontab-stays",
        ("its crontab stays under the old name, and does not run: {path}");
    HomeStays = "home-stays", ("its home stays where it is");

    // People who left.
    DepartureWaits = "departure-waits",
        ("is due to be archived or removed, and is not while processes run as it");
    NotArchived { why: Box<Reason> } = "not-archived", ("is due to be archived, and is not: {why}");
    NotRemoved { why: Box<Reason> } = "not-removed", ("is due to be removed, and is not: {why}");
    HomeChanged = "home-changed", ("its home was changed by hand");
    HomeMounted { home: String } = "home-mounted", ("something is mounted below {home}");
    HomeOwner { home: String, uid: u32 } = "home-owner", ("{home} belongs to the uid {uid}");
    HomeElsewhere { home: String } = "home-elsewhere",
        ("{home} is directly below no home base");
    NoDirectory { home: String } = "no-directory", ("{home} is no directory");
    OwnGroupStays = "own-group-stays",
        ("its group stays: others are in it, or have it as their primary group");
    IsBack { archive: Untrusted } = "is-back", ("is back; what was in the home is in {archive}");

    // Groups and their members.
    MembersComeBack { names: String } = "members-come-back",
        ("gets back who was taken out by hand: {names}");
    MembersStayOut { names: String } = "members-stay-out",
        ("stays without who was taken out by hand: {names}");
    LeftOut = "left-out", ("is left out by `filter` in [groups]; left as it is");
    GoneForNow = "gone-for-now", ("is not at the provider any more; left as it is for now");
    GoneAndEmptied = "gone-and-emptied",
        ("is not at the provider any more, and has no members from there");
    GrantsPower = "grants-power", ("its name is one of the system's, or grants power");
    IsPrimaryGroup { of: Untrusted } = "is-primary-group", ("it is the primary group of `{of}`");
    MembersByHand { name: Untrusted } = "members-by-hand",
        ("it has members that were added by hand, such as `{name}`");

    // Groups of the host's own.
    SourceMissing { group: Untrusted } = "source-missing",
        ("`{group}` is not at the provider; nobody is taken out");
    SourceAmbiguous { group: Untrusted } = "source-ambiguous",
        ("several groups are called `{group}`; none of them counts");
    LocalGroupMissing = "local-group-missing", ("is not on this host; `local_map` in [groups] makes no groups");
    LocalGroupOurs = "local-group-ours",
        ("is gosync's own, and `local_map` is for groups of the host's; left alone");
    NotMarkedPrivileged { gid: u32 } = "not-marked-privileged",
        ("has the gid {gid} of the system's; `privileged = true` must stand beside it");
    NoLongerMapped = "no-longer-mapped", ("is not in `local_map` of [groups] any more; who came by it goes");

    // SSH keys.
    KeyNotTaken { number: usize, why: BadKey } = "key-not-taken",
        ("the SSH key {number} is not taken: {why}");
    MoreKeysNotTaken { more: u32 } = "more-keys-not-taken",
        ("{} not taken", counted(*.more, "more of the SSH keys is", "more of the SSH keys are"));
    TooManyKeys { keys: usize, most: usize } = "too-many-keys",
        ("has {keys} SSH keys, and at most {most} are taken; none is changed");
    ForeignKeys { path: String } = "foreign-keys",
        ("has keys in {path} that gosync did not write; left alone, without --force");
    WouldLoseKeys = "would-lose-keys",
        ("would lose SSH keys; not now, since this read is incomplete");
    KeysNotInherited { path: String } = "keys-not-inherited",
        ("does not inherit the keys that are in {path}");
    KeysByHandGo = "keys-by-hand-go", ("has keys that were changed by hand, and all of them go");
    KeysComeBack = "keys-come-back", ("gets its keys back, which were changed by hand");
    KeyFileUnsound = "key-file-unsound",
        ("gets its keys back: their file had another owner or mode");
    KeysLeft { why: String } = "keys-left", ("has its keys left as they are: {why}");
    KeysUnseen { is_closed: bool, path: String, why: Box<Reason> } = "keys-unseen",
        ("its keys are {}", unseen_keys(*.is_closed, .path, .why));
    DirectoryUnseen { why: Box<Reason> } = "directory-unseen",
        ("no keys are written or withdrawn there now: {why}");
    KeysNotWithdrawn { why: String, path: String } = "keys-not-withdrawn",
        ("its keys are not withdrawn: {why}; take them away: rm {}", shell_word(.path));
    NoKeysThere { why: String } = "no-keys-there",
        ("no keys are written or withdrawn there: {why}");
    HomeFailed { why: String } = "home-failed", ("{why}");
    HomeWaits { why: String, until: String } = "home-waits",
        ("{why}; it is tried again from {until} on, or with --force");
    HomeKeysFailed { why: String } = "home-keys-failed", ("{why}");
    HomeKeysStay { why: String, name: String, home: String } = "home-keys-stay",
        ("{why}, though the person is gone or disabled; if the next run does not take them away: runuser \
        -u {name} -- rm {}", shell_word(&format!("{home}/.ssh/authorized_keys")));

    // What is adopted, removed and given back.
    NobodyCalled { name: Untrusted } = "nobody-called",
        ("the provider has nobody who would be called `{name}`; name the person by --as");
    NoLogin { name: Untrusted } = "no-login", ("the provider has nobody with the login `{name}`");
    SeveralPeople { name: Untrusted, all: String } = "several-people",
        ("several people would be meant by `{name}`: {all}; name one by --as");
    NoGroupCalled { name: Untrusted } = "no-group-called",
        ("the provider has no group that would be called `{name}`; name it by --as");
    NoRemoteGroup { name: Untrusted } = "no-remote-group", ("the provider has no group `{name}`");
    SeveralGroups { name: Untrusted, all: String } = "several-groups",
        ("several groups would be meant by `{name}`: {all}");
    Rival { who: String } = "rival",
        ("{who} would be called so, too, and gets no account of this name");
    RecordUnusable = "record-unusable", ("the record cannot be used");
    SystemAccount { name: String, uid: u32 } = "system-account",
        ("`{name}` (uid {uid}) has a name or a uid of the system's");
    RootsGroup { name: String } = "roots-group", ("`{name}` has root's group");
    InPowerfulGroup { name: String, group: String } = "in-powerful-group",
        ("`{name}` is in the group `{group}`, which grants power; take it out first if that \
        is meant");
    SystemGroup { name: String, gid: u32 } = "system-group",
        ("`{name}` (gid {gid}) is a group of the system's, or grants power; its members can \
        come by `local_map`");
    PrimaryGroupOf { name: String, account: String, can_follow: bool } = "primary-group-of",
        ("`{name}` is the primary group of `{account}`{}", if_it_follows(.can_follow));
    NotOnHost { kind: EntryKind, name: Untrusted } = "not-on-host",
        ("there is no {} `{name}` on this host", entry(.kind));
    AlreadyOurs = "already-ours", ("is gosync's already");
    NotWritableName { name: String } = "not-writable-name",
        ("`{name}` stands in a database that gosync does not write");
    TakenByPlan { kind: EntryKind, id: RemoteId } = "taken-by-plan",
        ("the {} {id} gets another one by this plan", owner(.kind));
    HasAccount { name: String } = "has-account", ("the person has the account `{name}` already");
    HasGroup { name: String } = "has-group",
        ("the provider's group is `{name}` on this host already");
    NameOfAccount { name: String } = "name-of-account",
        ("`{name}` is the name of an account of gosync's");
    Ownerless { name: Untrusted, uid: u32 } = "ownerless",
        ("gosync made this account (uid {uid}), and the provider has nobody who would be called `{name}`; lock it, or remove \
          it, by hand, or `gosync adopt` it with --as");
    OtherUidAsked { login: Untrusted, uid: u32 } = "other-uid-asked",
        ("`{login}` asks for another uid than {uid}, and may be somebody else; `gosync adopt` ties them all the same");
    PersonHasUid { given: u32, found: u32 } = "person-has-uid",
        ("gosync gave this person the uid {given}, and the account has {found}");
    GroupHasGid { given: u32, found: u32 } = "group-has-gid",
        ("gosync gave this group the gid {given}, and it has {found}");
    NumberGiven { kind: EntryKind, id: u32 } = "number-given",
        ("the {} {id} was given to somebody else by gosync", number(.kind));
    ReservedId { id: u32 } = "reserved-id", ("the id {id} is reserved");
    MalformedAccount { name: String } = "malformed-account",
        ("`{name}` stands in a malformed line of the databases; see pwck(8)");
    NumberKept { kind: EntryKind, has: u32, asked: u32 } = "number-kept",
        ("keeps the {} {has}: the provider says {asked}", number(.kind));
    StaysLocked = "stays-locked", ("stays locked, as it is");
    ExpiryKept = "expiry-kept", ("keeps its expiry");
    FieldKept { field: Field } = "field-kept", ("keeps its {}", .field.as_str());
    RemovedAlready = "removed-already", ("is removed already");
    AccountNotOurs { name: String } = "account-not-ours", ("the account `{name}` is not gosync's");
    NoSuchAccount { name: Untrusted } = "no-such-account", ("there is no account `{name}`");
    AccountHasUid { name: String, found: u32, given: u32 } = "account-has-uid",
        ("the account `{name}` has the uid {found} on this host, but gosync gave {given}");
    GivenBackAlready = "given-back-already", ("was given back already");
    NameNotOurs { name: Untrusted } = "name-not-ours", ("`{name}` is not gosync's");
    CarriedOut { run: u64 } = "carried-out", ("is carried out already, by run {run}");

    // What is tied to another record.
    StillThere { kind: EntryKind, name: String, by: RemoteId } = "still-there",
        ("the {} `{name}` is tied to {by}, which the provider still has", entry(.kind));
    StillConfigured { name: String, provider: ProviderName } = "still-configured",
        ("`{name}` is tied to a record of the provider `{}`, which still has it; take [provider.{}] out of the \
        configuration first, if that is over", shown(.provider.as_str()), shown(.provider.as_str()));
    TiedAlready = "tied-already", ("is tied to this record already");
    NoRecord = "no-record", ("no record of the provider's is that of the same one: whoever has left goes on leaving");
    SeveralRecords { name: Untrusted, all: String } = "several-records",
        ("several records would be meant by `{name}`: {all}; name one by --to");
    NameElsewhere { name: Untrusted, provider: ProviderName } = "name-elsewhere",
        ("`{name}` came from another provider, `{}`; `gosync rebind {}` ties it to this one once that has it no \
        more", shown(.provider.as_str()), shell_word(.name.raw()));

    // What is undone.
    HistoryUnreadable { why: String } = "history-unreadable",
        ("the ledger's history of it cannot be read: {why}");
    HistoryWithoutId = "history-without-id", ("the ledger's history of it has no usable id");
    OtherProvidersEntry { provider: Untrusted } = "other-providers-entry",
        ("belongs to the provider `{provider}`; what it lost by this run stays lost");
    ChangedByRun { run: u64 } = "changed-by-run",
        ("run {run} has changed it since; left alone without --force");
    ChangedByHand = "changed-by-hand", ("was changed by hand since; left alone without --force");
    FieldChangedByHand { field: Field } = "field-changed-by-hand",
        ("its {} was changed by hand since; left alone without --force", .field.as_str());
    NotInLedger = "not-in-ledger", ("is in the ledger no more");
    HomeArchived { archive: Untrusted } = "home-archived", ("what was in its home is in {archive}");
    HomeArchivedInto { dir: Untrusted } = "home-archived-into",
        ("what was in its home is in an archive in {dir}");
    HomeGone { home: Untrusted } = "home-gone", ("what was in its home {home} is gone");
    PasswordGone = "password-gone", ("its password is gone; it has none until somebody sets one");
    KeysStay = "keys-stay",
        ("its SSH keys stay as they are; the next sync writes what the provider has");
    StaysOnHost = "stays-on-host", ("stays in the databases, and open if it was closed then");
    OtherPrimaryGroup { had: u32, gets: u32 } = "other-primary-group",
        ("had the primary group {had} and gets {gets}, as new accounts do");
    DoneAgain = "done-again", ("the next sync does again what the provider still asks for");
    RenamedAgain { name: Untrusted } = "renamed-again",
        ("the next sync calls it `{name}` again, unless the provider or a rule in `names` \
        says otherwise");
    NameNotBack { name: Untrusted, why: Box<Reason> } = "name-not-back",
        ("does not get the name `{name}` back: {why}");
    NameUnusable = "name-unusable", ("its name cannot be used");
    GroupStays { why: Box<Reason> } = "group-stays",
        ("stays, without the members from the provider: {why}");
    LocalGroupGone = "local-group-gone", ("is not on this host any more");
    NotMapped = "not-mapped", ("is not in `local_map` of [groups] any more");
    NobodyComesBack { why: Box<Reason> } = "nobody-comes-back",
        ("{why}; nobody comes back as a member");
    NoOpenAccount { name: Untrusted } = "no-open-account",
        ("`{name}` has no open account, and does not come back as a member; repeat this when \
        it has one");
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Reason {
    /// As part of another reason.
    pub fn boxed(self) -> Box<Self> {
        Box::new(self)
    }

    /// The reason that lies at the bottom of this one.
    pub fn cause(&self) -> &Self {
        match self {
            Self::KeepsName { why, .. }
            | Self::KeepsNumber { why, .. }
            | Self::NoAccount { why }
            | Self::Forgettable { why, .. }
            | Self::NotLocked { why, .. }
            | Self::LockedAsItStands { why }
            | Self::RenameUnfinished { why, .. }
            | Self::NotArchived { why }
            | Self::NotRemoved { why }
            | Self::NotOpened { why }
            | Self::KeysUnseen { why, .. }
            | Self::DirectoryUnseen { why }
            | Self::NameNotBack { why, .. }
            | Self::GroupStays { why }
            | Self::NobodyComesBack { why } => why.cause(),
            _ => self,
        }
    }

    /// Whether somebody who should be out is not, or not wholly: the account is open, or keys stay.
    pub fn is_not_out(&self) -> bool {
        matches!(
            self,
            Self::NotLocked { .. }
                | Self::KeysNotWithdrawn { .. }
                | Self::HomeKeysStay { .. }
                | Self::KeysUnseen {
                    is_closed: true,
                    ..
                }
        )
    }

    /// Whether the provider contradicts itself, or does not say whether a person is let in: nobody knows what should
    /// become of them, and every run leaves them as they are until somebody mends it there.
    pub fn is_unsettled(&self) -> bool {
        matches!(
            self,
            Self::RecordUnclear { .. }
                | Self::TwoWouldBeCalled { .. }
                | Self::TwoAskForNumber { .. }
                | Self::TwoAskForHome { .. }
                | Self::SameId
        )
    }

    /// Whether it hangs on something on the host that nobody could see, or that could not be done there.
    pub fn is_held_up(&self) -> bool {
        let is_cause = matches!(
            self.cause(),
            Self::NotSeen { .. }
                | Self::HomeFailed { .. }
                | Self::HomeWaits { .. }
                | Self::HomeKeysFailed { .. }
        );
        is_cause || self.is_of_home_base()
    }

    /// Whether it lies in a home base, and so is that of all who need something done there.
    pub fn is_of_home_base(&self) -> bool {
        matches!(
            self.cause(),
            Self::HomeBaseMissing { .. }
                | Self::HomeBaseNoDirectory { .. }
                | Self::HomeBaseNotMounted { .. }
                | Self::HomeBaseUnsafe { .. }
                | Self::HomeBaseClosed { .. }
                | Self::SkeletonUnsafe { .. }
        )
    }

    /// Several of them in one sentence.
    pub fn all(reasons: &[Self]) -> String {
        let all: Vec<String> = reasons.iter().map(Self::to_string).collect();
        all.join("; ")
    }
}

/// What was given back to the host, and the command that takes it over again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenBack {
    /// The account or group.
    pub name: Untrusted,
    /// What its name stood for, if it was adopted under another.
    pub alias: Option<Untrusted>,
    /// Whether an account has the name of the group.
    pub shadowed: bool,
}

impl GivenBack {
    /// `alias`: what its name stood for when it was adopted; `shadowed`: whether an account has the name of the group.
    pub fn new(name: &str, alias: Option<&String>, shadowed: bool) -> Self {
        let alias = alias.filter(|alias| *alias != name).map(Untrusted::new);
        Self {
            name: Untrusted::new(name),
            alias,
            shadowed,
        }
    }
}

impl fmt::Display for GivenBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.shadowed { " --kind group" } else { "" };
        let Self { name, alias, .. } = self;
        write!(f, "was given back to this host; `gosync adopt {name}{kind}")?;
        match alias {
            None => f.write_str("` takes it over again"),
            Some(alias) => write!(
                f,
                " --as REMOTE-NAME` takes it over again, with the name that `{alias}` has at the \
                 provider"
            ),
        }
    }
}

/// What it does to forget an account that was removed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgetting {
    /// It is made as a new one.
    MakesNew,
    /// Nobody is to have it, and no more is said of it.
    EndsNotice,
}

impl fmt::Display for Forgetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MakesNew => "makes it new",
            Self::EndsNotice => "ends this notice",
        })
    }
}

/// Whether something is an account; else it is a group, of gosync's or of the host's.
fn is_account(kind: &EntryKind) -> bool {
    *kind == EntryKind::Account
}

pub(super) fn owner(kind: &EntryKind) -> &'static str {
    if is_account(kind) { "person" } else { "group" }
}

pub(super) fn owners(kind: &EntryKind) -> &'static str {
    if is_account(kind) { "people" } else { "groups" }
}

fn none(kind: &EntryKind) -> &'static str {
    if is_account(kind) { "nobody" } else { "none" }
}

fn entry(kind: &EntryKind) -> &'static str {
    if is_account(kind) { "account" } else { "group" }
}

/// What takes over something of the host's for a record that has nothing here yet.
fn or_adopt(is_adoptable: bool, kind: &EntryKind, name: &str) -> String {
    match (is_adoptable, kind) {
        (false, _) => String::new(),
        (true, EntryKind::Account) => {
            let name = shell_word(name);
            format!("; if it is this person's, `gosync adopt {name}` takes it over")
        }
        (true, _) => {
            let name = shell_word(name);
            format!("; if it is the same group, `gosync adopt --kind group {name}` takes it over")
        }
    }
}

fn an_entry(kind: &EntryKind) -> &'static str {
    if is_account(kind) {
        "an account"
    } else {
        "a group"
    }
}

pub(super) fn number(kind: &EntryKind) -> &'static str {
    if is_account(kind) { "uid" } else { "gid" }
}

fn database(kind: &EntryKind) -> &'static str {
    if is_account(kind) { "passwd" } else { "group" }
}

/// The section of the configuration.
pub(super) fn section(kind: &EntryKind) -> &'static str {
    if is_account(kind) {
        "accounts"
    } else {
        "groups"
    }
}

/// What is said of keys whose file cannot be seen, and what to type if they should be gone.
fn unseen_keys(is_closed: bool, path: &str, why: &Reason) -> String {
    match is_closed {
        true => format!(
            "not withdrawn: {why}; take them away: rm {}",
            shell_word(path)
        ),
        false => format!("left as they are: {why}"),
    }
}

/// What lets such a name in.
pub(super) fn let_in(kind: &EntryKind, why: BadName) -> String {
    match why {
        BadName::Dot => format!("; `dots = true` in [{}] lets it in", section(kind)),
        BadName::Empty | BadName::TooLong | BadName::BadStart | BadName::BadCharacter => {
            format!(
                "; a rule of `names` in [{}] can give another",
                section(kind)
            )
        }
    }
}

/// What makes a group the provider's that the provider names as primary group, and that somebody else has, too.
fn if_it_follows(can_follow: &bool) -> &'static str {
    match can_follow {
        true => {
            ", which is not gosync's; adopt the account first, or give it another primary group"
        }
        false => "",
    }
}

/// Some groups have sections of their own.
fn or_its_own(kind: &EntryKind) -> &'static str {
    if is_account(kind) {
        ""
    } else {
        ", or in the section of its own"
    }
}

/// Members of whom there are so many.
fn members_who(count: usize) -> String {
    counted(count, "member who is", "members who are")
}

/// What members whom nobody knows look like, and what to do.
fn hinted(hint: &Option<MemberHint>) -> &'static str {
    match hint {
        None => "",
        Some(MemberHint::OtherCase) => {
            "; the server tells capital letters from small ones there, so write them as the logins are"
        }
        Some(MemberHint::Dn) => {
            "; these are names of entries, and belong into `member`, not where logins are listed"
        }
        Some(MemberHint::Number) => "; these are numbers, where logins are listed",
        Some(MemberHint::LoginForId) => {
            "; these are logins, and members are listed by the `id` of a person"
        }
    }
}

fn or_power(kind: &EntryKind) -> &'static str {
    if is_account(kind) {
        ""
    } else {
        ", or grants power"
    }
}

/// By what a number is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberHolder {
    /// This account or group of the host has it.
    Entry(EntryKind, String),
    /// It is in a range of subordinate ids of this account.
    Subordinate(Option<String>),
    /// Another name service of the host, such as sssd, knows this account or group by it.
    Elsewhere(String),
    /// It was given to this account or group, which is gone.
    Gone(EntryKind, String),
    /// It was given to somebody who came from another provider, or is reserved.
    Reserved,
}

impl fmt::Display for NumberHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(kind, name) => write!(f, "the {} `{name}` has it", entry(kind)),
            Self::Subordinate(Some(name)) => {
                write!(f, "it is one of the subordinate ids of `{name}`")
            }
            Self::Subordinate(None) => f.write_str("it is one of somebody's subordinate ids"),
            Self::Elsewhere(name) => {
                write!(f, "another name service of this host has it for `{name}`")
            }
            Self::Gone(kind, name) => write!(
                f,
                "the {} `{name}` had it, and no number is given twice",
                entry(kind)
            ),
            Self::Reserved => {
                f.write_str("it was given before, or is reserved, and no number is given twice")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_reason_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = Reason::WORDS.iter().copied().collect();
        assert_eq!(words.len(), Reason::WORDS.len());
        let is_kebab = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(words.iter().all(is_kebab));
    }

    #[test]
    fn accounts_and_groups_are_told_apart() {
        let taken = |kind| Reason::NameNotInherited {
            kind,
            name: "x".to_owned(),
            by: RemoteId::new("1").unwrap(),
        };
        assert_eq!(
            taken(EntryKind::Account).to_string(),
            "the name `x` belonged to another person, 1, and nobody inherits it"
        );
        assert_eq!(
            taken(EntryKind::Group).to_string(),
            "the name `x` belonged to another group, 1, and none inherits it"
        );
        assert_eq!(taken(EntryKind::Group).word(), "name-not-inherited");
    }
}
