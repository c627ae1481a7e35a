//! What several reasons have in common: the sentence for all who have met with one cause, what differs from one to the
//! next, and where the cause lies.
//!
//! One cause is told once, with a count and examples: hundreds of people whose names have a dot are one line. What is said
//! of somebody alone stands in [`Reason`]; nothing here decides about anybody.

use super::reason::{Reason, let_in, number, owner, owners, section};
use crate::model::history::EntryKind;
use crate::model::name::BadName;

/// Where a cause lies, and with that, who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the configuration, and whoever comes meets with it.
    Configuration,
    /// In the configuration, for those who are as they are.
    Setting,
    /// In what the provider says.
    Provider,
    /// On this host.
    Host,
}

impl Reason {
    /// Where it lies.
    pub fn origin(&self) -> Origin {
        match self {
            Self::NoPrimaryGroup { .. }
            | Self::PrimaryGroupNumber { .. }
            | Self::NoNumberLeft { .. }
            | Self::NoSubidsLeft => Origin::Configuration,
            Self::BadName {
                why: BadName::Dot, ..
            }
            | Self::OutOfRange { .. }
            | Self::NoPrimaryGid
            | Self::NoNumberNamed { .. }
            | Self::NoPrimaryGroupNamed { .. }
            | Self::PrimaryGroupOfPower { .. }
            | Self::ShellRefused { .. } => Origin::Setting,
            Self::SameId
            | Self::Record { .. }
            | Self::RecordOfShutOut { .. }
            | Self::BadName { .. }
            | Self::SystemName { .. }
            | Self::NoNumber { .. }
            | Self::ReservedNumber { .. }
            | Self::TwoWouldBeCalled { .. }
            | Self::TwoAskForNumber { .. }
            | Self::TwoAskForHome { .. } => Origin::Provider,
            _ => Origin::Host,
        }
    }

    /// The sentence for all who have met with this cause, without what is this one's own.
    pub fn shared(&self) -> String {
        if self.is_of_home_base() {
            // One thing, whatever was to be done there.
            return self.cause().to_string();
        }
        self.shared_name()
            .or_else(|| self.shared_number())
            .or_else(|| self.shared_home())
            .or_else(|| self.shared_rest())
            .unwrap_or_else(|| self.to_string())
    }

    fn shared_name(&self) -> Option<String> {
        Some(match self {
            Self::BadName { kind, why, .. } => {
                format!("the name {why}{}", let_in(kind, *why))
            }
            Self::SystemName { kind, .. } => match kind {
                EntryKind::Group => "the name is one of the system's, or grants power".to_owned(),
                _ => "the name is one of the system's".to_owned(),
            },
            Self::NameOfPower { kind, .. } => format!(
                "the name stands in a file that gives power; `trusted_names` in [{}] lets such a name in",
                section(kind)
            ),
            Self::NumberOfPower { kind, .. } => format!(
                "the {} stands in a file that gives power; `trusted_names` in [{}] lets it be",
                number(kind),
                section(kind)
            ),
            Self::KeepsName { why, .. } => format!(
                "is called otherwise at the provider now, and keeps its name: {}",
                why.shared()
            ),
            Self::ThatNameTaken { kind, .. } => {
                format!("that name belongs to another {}", owner(kind))
            }
            Self::NameTaken { kind, .. } => {
                format!("the name belongs to another {}", owner(kind))
            }
            Self::NameNotInherited { kind, .. } => {
                format!(
                    "the name belonged to another {}, and is not inherited",
                    owner(kind)
                )
            }
            Self::TwoWouldBeCalled { kind, .. } => {
                format!("two {} would have the same name", owners(kind))
            }
            Self::NotOurs { kind, .. } => format!(
                "{} of this name is on this host already and is not gosync's; see `gosync adopt`",
                match kind {
                    EntryKind::Account => "an account",
                    _ => "a group",
                }
            ),
            Self::Repeated { .. } => "the name stands more than once in the databases".to_owned(),
            Self::Malformed { .. } => {
                "the name stands in a malformed line of the databases; see pwck(8) and grpck(8)"
                    .to_owned()
            }
            Self::KnownElsewhere { .. } => {
                "another name service of this host knows the name".to_owned()
            }
            Self::OtherProvider { .. } => {
                "the name belongs to another provider's account or group".to_owned()
            }
            Self::GivenBack { .. } | Self::GivenBackStands { .. } => {
                "was given back to this host; `gosync adopt NAME` takes it over again".to_owned()
            }
            _ => return None,
        })
    }

    fn shared_number(&self) -> Option<String> {
        Some(match self {
            Self::KeepsNumber { kind, why } => {
                format!("keeps its {}: {}", number(kind), why.shared())
            }
            Self::NoNumber { kind, .. } => format!("the {} is no number", number(kind)),
            Self::OutOfRange { kind, range, .. } => format!(
                "the {} is not in the range {range}; see `{}_range` in [{}]",
                number(kind),
                number(kind),
                section(kind)
            ),
            Self::ReservedNumber { kind, .. } => format!("the {} is reserved", number(kind)),
            Self::TwoAskForNumber { kind, .. } => {
                format!("two {} ask for the same {}", owners(kind), number(kind))
            }
            Self::NumberUsed { kind, .. } => {
                format!("its {} is now used by another", number(kind))
            }
            Self::OwnGroupNumberUsed { .. } => {
                "the gid of its own group is now used by another group".to_owned()
            }
            Self::NumberTaken { kind, .. } => format!("the {} is taken", number(kind)),
            Self::NoPrimaryGroupNamed { .. } => {
                "the primary group is not on this host, nor is it one of the provider's that come here"
                    .to_owned()
            }
            Self::PrimaryGroupNotMade { why, .. } => {
                format!("the primary group cannot be made: {}", why.shared())
            }
            Self::PrimaryGroupOfPower { .. } => {
                "the primary group would be one that grants power or is the system's".to_owned()
            }
            Self::OtherNumber { kind, .. } => format!(
                "has another {} on this host than gosync gave; left alone",
                number(kind)
            ),
            Self::NumberStays { kind, .. } => format!(
                "keeps its {0}: the provider says another one now, and {0}s never change",
                number(kind)
            ),
            Self::PrimaryGroupStays { .. } => {
                "keeps the primary group that was set by hand".to_owned()
            }
            _ => return None,
        })
    }

    fn shared_home(&self) -> Option<String> {
        Some(match self {
            Self::TwoAskForHome { .. } => "two people ask for the same home".to_owned(),
            Self::BelowNoHomeBase { .. } => {
                "has a home at the provider that is below no home base; gets one in `home_base`"
                    .to_owned()
            }
            Self::HomeUsed { .. } => "the home is that of another account".to_owned(),
            Self::HomeNotInherited { .. } => {
                "the home was given to another person, and nobody inherits it".to_owned()
            }
            Self::HomeOfOther { .. } => {
                "the home exists already and belongs to another uid".to_owned()
            }
            Self::HomeNoDirectory { .. } => {
                "the home exists already and is no directory".to_owned()
            }
            // What waits for its next try was told when it failed.
            Self::HomeWaits { .. } => {
                "what failed in their homes waits for its next try; see `gosync status`".to_owned()
            }
            _ => return None,
        })
    }

    fn shared_rest(&self) -> Option<String> {
        Some(match self {
            Self::ShellNotAllowed { gets, .. } => {
                format!("has a shell that is not in /etc/shells; gets {gets}")
            }
            Self::ShellRefused { .. } => {
                "has a shell that is not in /etc/shells; `unknown_shell` in [accounts] refuses that"
                    .to_owned()
            }
            Self::NoAccount { why } => format!("gets no account: {}", why.shared()),
            Self::NotOpened { why } => {
                format!("is to be opened again, and is not: {}", why.shared())
            }
            Self::NotArchived { why } => {
                format!("is due to be archived, and is not: {}", why.shared())
            }
            Self::NotRemoved { why } => {
                format!("is due to be removed, and is not: {}", why.shared())
            }
            Self::Forgettable { why, effect, .. } => {
                format!("{}; `gosync deluser --forget NAME` {effect}", why.shared())
            }
            Self::KeyNotTaken { why, .. } => format!("an SSH key is not taken: {why}"),
            Self::MoreKeysNotTaken { .. } => "more of the SSH keys are not taken".to_owned(),
            Self::MembersComeBack { .. } => "gets back who was taken out by hand".to_owned(),
            Self::MembersStayOut { .. } => "stays without who was taken out by hand".to_owned(),
            _ => return None,
        })
    }

    /// What of it is this one's own, in a few words that stand behind a name.
    pub fn own_part(&self) -> Option<String> {
        Some(match self {
            Self::NameOfPower { place, .. } => place.to_string(),
            Self::NumberOfPower { id, place, .. } => format!("{id}, {place}"),
            Self::KeepsName { new, .. } => format!("`{new}`"),
            Self::ThatNameTaken { by, .. }
            | Self::NameTaken { by, .. }
            | Self::NameNotInherited { by, .. } => by.to_string(),
            Self::NotOurs { kind, id, .. } => format!("{} {id}", number(kind)),
            Self::KnownElsewhere { id, .. }
            | Self::OutOfRange { id, .. }
            | Self::ReservedNumber { id, .. }
            | Self::TwoAskForNumber { id, .. } => id.to_string(),
            Self::NumberTaken { id, by, .. } => format!("{id}: {by}"),
            Self::NoPrimaryGroupNamed { gid } | Self::PrimaryGroupNotMade { gid, .. } => {
                gid.to_string()
            }
            Self::PrimaryGroupOfPower { gid, group } => format!("{gid}, `{group}`"),
            Self::NumberUsed { id, by, .. } | Self::OwnGroupNumberUsed { id, by } => {
                format!("{id} by `{by}`")
            }
            Self::NoNumber { text, .. } => format!("`{text}`"),
            Self::OtherNumber { found, given, .. } => format!("{found} instead of {given}"),
            Self::NumberStays { has, asked, .. } => format!("{has} instead of {asked}"),
            Self::PrimaryGroupStays { found, given } => format!("{found} instead of {given}"),
            Self::TwoAskForHome { home }
            | Self::HomeUsed { home, .. }
            | Self::HomeNotInherited { home, .. }
            | Self::HomeOfOther { home, .. }
            | Self::HomeNoDirectory { home } => home.clone(),
            Self::BelowNoHomeBase { wished, .. }
            | Self::ShellNotAllowed { wished, .. }
            | Self::ShellRefused { wished } => format!("`{wished}`"),
            Self::KeyNotTaken { number, .. } => format!("key {number}"),
            Self::MoreKeysNotTaken { more } => more.to_string(),
            Self::MembersComeBack { names } | Self::MembersStayOut { names } => names.clone(),
            Self::KeepsNumber { why, .. }
            | Self::NoAccount { why }
            | Self::NotOpened { why }
            | Self::NotArchived { why }
            | Self::NotRemoved { why }
            | Self::Forgettable { why, .. } => return why.own_part(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdRange, Untrusted};

    #[test]
    fn what_differs_stands_beside_the_name_and_not_in_the_sentence() {
        let range = IdRange::new(20_000, 59_999).unwrap();
        let kind = EntryKind::Account;
        let of = |id| Reason::OutOfRange { kind, id, range };
        assert_eq!(of(7).shared(), of(8).shared());
        assert_eq!(of(7).own_part().as_deref(), Some("7"));
        let keeps = |id| Reason::KeepsNumber {
            kind,
            why: of(id).boxed(),
        };
        assert_eq!(keeps(7).shared(), keeps(8).shared());
        assert_ne!(keeps(7).shared(), of(7).shared());
        assert_eq!(keeps(8).own_part().as_deref(), Some("8"));
    }

    #[test]
    fn the_key_that_lets_a_name_in_is_named_with_its_section() {
        let of = |kind| Reason::BadName {
            kind,
            name: Untrusted::new("a.b"),
            why: BadName::Dot,
        };
        assert_eq!(
            of(EntryKind::Account).to_string(),
            "the name `a.b` has a dot; `dots = true` in [accounts] lets it in"
        );
        assert_eq!(
            of(EntryKind::Group).shared(),
            "the name has a dot; `dots = true` in [groups] lets it in"
        );
        assert_eq!(of(EntryKind::Group).origin(), Origin::Setting);
    }
}
