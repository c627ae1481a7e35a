//! Changing groups at a provider: what `gosync group` needs, the same for every provider that can.
//!
//! Knows nothing of hosts and accounts. What a provider cannot do it says by [`GroupAdmin::lacks`],
//! before anything is done; what it refuses is an error of that one person or group.

use std::fmt;

use super::FetchError;
use crate::model::group_policy::GroupPolicy;
use crate::model::{RemoteId, Role, Status, Untrusted};

/// A group that the client may manage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedGroup {
    /// Immutable id.
    pub id: RemoteId,
    /// Name; not unique with every provider.
    pub name: Untrusted,
    /// Description, as it stands there; it may be HTML.
    pub description: Option<Untrusted>,
    /// The group above it.
    pub parent: Option<RemoteId>,
}

/// A person, as far as group commands are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Immutable id.
    pub id: RemoteId,
    /// Login at the provider.
    pub login: Untrusted,
    /// E-mail address.
    pub email: Option<Untrusted>,
}

/// A person in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// What they may do there.
    pub role: Role,
    /// How far the membership has come.
    pub status: Status,
    /// Whether it only follows from membership of a group below: then it cannot be changed here.
    pub implied: bool,
}

/// What is done to people in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make an active member with this role, whether new or there already.
    Set(Role),
    /// End the membership: remove a member, reject an applicant.
    Remove,
    /// Approve an applicant. With an address: make the person an active member under it.
    Accept {
        /// The address.
        email: Option<String>,
    },
}

/// How an action ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The provider changed something.
    Changed,
    /// It was so before.
    Already,
}

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// The group above it.
    pub parent: Option<RemoteId>,
}

/// Something that not every provider can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ability {
    /// Give a member this role.
    Role(Role),
    /// Tell applicants from members, and approve them.
    Accept,
    /// Make a member under a given address.
    AcceptAddress,
    /// Make a group.
    Create,
    /// Make a group below another.
    CreateBelow,
    /// Set the description of a group.
    Describe,
    /// Set the policy of a group.
    Policy,
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ability::Role(Role::Member) => "plain members",
            Ability::Role(Role::Manager) => "managers of groups",
            Ability::Role(Role::Admin) => "administrators of groups",
            Ability::Accept => "applicants who wait for approval",
            Ability::AcceptAddress => "a member's own address in a group",
            Ability::Create => "making groups",
            Ability::CreateBelow => "groups below groups",
            Ability::Describe => "descriptions of groups",
            Ability::Policy => "policies of groups",
        })
    }
}

/// A provider whose groups can be changed. One value is one authenticated connection with the time
/// limit of a run.
pub trait GroupAdmin {
    /// The name of its section in the configuration.
    fn name(&self) -> &str;

    /// Whether it lacks an ability; asked before anything is done.
    fn lacks(&self, ability: Ability) -> bool;

    /// All groups that the client may manage, in whatever order. `describe`: with descriptions,
    /// even where that costs a request for each group.
    ///
    /// # Errors
    /// When they cannot be read, or not all.
    fn groups(&self, describe: bool) -> Result<Vec<ManagedGroup>, AdminError>;

    /// Everybody in a group, whatever their status.
    ///
    /// # Errors
    /// When they cannot be read, or not all.
    fn members(&self, group: &RemoteId) -> Result<Vec<Member>, AdminError>;

    /// The people with these logins. Who is not there is missing from the answer.
    ///
    /// # Errors
    /// When the provider cannot be asked.
    fn people(&self, logins: &[String]) -> Result<Vec<Person>, AdminError>;

    /// Does the same to several people of a group; tells each one's fate, in the order of `people`.
    ///
    /// # Errors
    /// When the provider cannot be asked at all; what one person's fate is stands in the list.
    fn change(
        &self,
        group: &ManagedGroup,
        action: &Action,
        people: &[Person],
    ) -> Result<Vec<Result<Done, AdminError>>, AdminError>;

    /// Makes a group.
    ///
    /// # Errors
    /// When it was not made.
    fn create(&self, group: &NewGroup) -> Result<ManagedGroup, AdminError>;

    /// Sets a group's description.
    ///
    /// # Errors
    /// When it was not set.
    fn describe(&self, group: &ManagedGroup, text: &str) -> Result<Done, AdminError>;

    /// Sets what a policy names, and leaves the rest of the group's policy as it is.
    ///
    /// # Errors
    /// When it was not set.
    fn set_policy(&self, group: &ManagedGroup, policy: &GroupPolicy) -> Result<Done, AdminError>;
}

/// Why a group could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The provider could not be asked.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The provider lacks an ability.
    #[error("the provider `{provider}` has no {ability}")]
    Unable {
        /// The name of its section.
        provider: String,
        /// What it lacks.
        ability: Ability,
    },
    /// Something is missing in the answer.
    #[error("{place} did not answer completely: {reason}")]
    Incomplete {
        /// URL or path.
        place: String,
        /// Our own words.
        reason: String,
    },
    /// The provider said no to this change.
    #[error("the provider refused: {0}")]
    Refused(Untrusted),
}
