//! Plain, checked data: what a directory says, what a host says, what gosync owns.
//!
//! Nothing here decides, reads or writes. Text that comes from outside is an [`Untrusted`] and can be shown only
//! escaped; names and ids are newtypes that only a check can make.

pub mod absolute_path;
pub mod contact;
pub mod directory;
pub mod group_policy;
pub mod history;
pub mod host;
pub mod id;
pub mod id_ranges;
pub mod lookup;
pub mod members;
pub mod name;
pub mod owned;
pub mod same_name;
pub mod ssh_key;
pub mod subject;
pub mod text;
pub mod units;

pub use contact::Contact;
pub use directory::{
    Completeness, Directory, FieldSource, FieldSources, Gap, Group, Membership, RejectedRecord,
    Role, Snapshot, Status, User, UserField,
};
pub use id::{Gid, IdRange, RemoteId, Uid};
pub use lookup::Lookup;
pub use members::{MemberList, Members};
pub use name::{GroupName, UserName};
pub use same_name::{Named, name_key, named, same_name};
pub use ssh_key::SshKey;
pub use subject::{Key, Name, ProviderName, Subject};
pub use text::{Untrusted, counted, shown};
