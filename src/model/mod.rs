//! Plain, checked data: what a directory says, what a host says, what gosync owns.
//!
//! Nothing here decides, reads or writes. Text that comes from outside is an [`Untrusted`] and can be shown only
//! escaped; names and ids are newtypes that only a check can make.

pub(crate) mod absolute_path;
pub(crate) mod anchor;
pub(crate) mod by_name;
pub(crate) mod contact;
pub(crate) mod details;
pub(crate) mod directory;
pub(crate) mod fate;
pub(crate) mod fields;
pub(crate) mod finding;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod group_policy;
pub(crate) mod history;
pub(crate) mod host;
pub(crate) mod id;
pub(crate) mod id_ranges;
pub(crate) mod in_step;
pub(crate) mod join;
pub(crate) mod lookup;
pub(crate) mod members;
pub(crate) mod moment;
pub(crate) mod name;
pub(crate) mod now;
pub(crate) mod owned;
pub(crate) mod power;
pub(crate) mod remedy;
pub mod same_name;
pub(crate) mod shell;
pub(crate) mod shells;
pub(crate) mod ssh_key;
pub(crate) mod subject;
pub(crate) mod subordinates;
pub(crate) mod term;
pub(crate) mod text;
pub(crate) mod units;

pub(crate) use by_name::ByName;
pub(crate) use contact::{Contact, plain_attributes};
pub use details::Details;
pub(crate) use details::WantedAttributes;
pub use directory::{
    Completeness, Group, Membership, RecordSays, RejectedRecord, Role, Snapshot, Status, User,
};
pub(crate) use directory::{Directory, FieldSource, FieldSources, Gap, UserField};
pub(crate) use fate::Fate;
pub(crate) use fields::AccountFields;
pub use finding::{Examples, Finding, MemberHint};
pub(crate) use id::{Gid, Uid};
pub use id::{IdRange, RemoteId};
pub(crate) use in_step::{InStep, Without};
pub(crate) use lookup::{Lookup, repeated, repeated_of};
pub(crate) use members::{MemberList, Members};
pub(crate) use moment::Moment;
pub(crate) use name::{GroupName, UserName};
pub(crate) use now::Now;
pub use same_name::same_name;
pub(crate) use same_name::{Named, name_key, named};
pub(crate) use ssh_key::SshKey;
pub(crate) use subject::{Key, Name, ProviderName, Subject};
pub(crate) use term::{Held, Term, WriterName};
pub use text::Untrusted;
pub(crate) use text::{counted, first_line, first_names, hex, moment, shown, unhex};
