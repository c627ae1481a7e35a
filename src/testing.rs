//! What the tests under tests/ use of the library, under the names that it has there.
//!
//! The modules themselves are private, so that the compiler finds what nobody uses any more. A name
//! is added here when a test needs it; nothing is defined here, and the program does not use it.
#![allow(missing_docs)] // each name is described where it is defined

pub mod cli {
    pub use crate::cli::{Cli, PlanArgs, hook_text, manual_text, output_text, text};
}
pub mod config {
    pub use crate::config::{Settings, Source};
}
pub mod error {
    pub use crate::error::{Error, Kind};
}
pub mod ledger {
    pub use crate::ledger::{HOST, Ledger};
}
pub mod model {
    pub use crate::model::{
        Completeness, Details, Examples, Finding, Group, IdRange, MemberHint, Membership,
        RecordSays, RejectedRecord, RemoteId, Role, Snapshot, Status, Untrusted, User, same_name,
    };
    pub mod group_policy {
        pub use crate::model::group_policy::{GroupPolicy, GroupVisibility};
    }
    pub mod remedy {
        pub use crate::model::remedy::{CertificateFault, Remedy};
    }
    pub mod owned {
        pub use crate::model::owned::{Owned, State};
    }
}
pub mod plan {
    pub use crate::plan::{Change, Deed, Limits, Plan};
    pub mod diff {
        pub use crate::plan::diff::Request;
    }
    pub mod drift {
        pub use crate::plan::drift::{Difference, Kind, Next, drift};
    }
    pub mod events {
        pub use crate::plan::events::Event;
    }
    pub mod render {
        pub use crate::plan::render::text;
    }
}
pub mod policy {
    pub use crate::policy::{
        AccountRules, ByHand, DepartedRules, Field, PrimaryGroup, Refusal, Rules,
    };
    pub mod keys {
        pub use crate::policy::keys::KeyRules;
    }
}
pub mod providers {
    pub use crate::providers::{Answers, Earlier, FetchError, Provider, Query, Reading, Scope};
    pub mod admin {
        pub use crate::providers::admin::{
            Ability, Action, AdminError, Done, GroupAdmin, ManagedGroup, NewGroup, Person,
        };
    }
    pub mod fields {
        pub use crate::providers::fields::{Config, Sources, Template};
    }
    pub mod file {
        pub use crate::providers::file::FileProvider;
    }
    pub mod github {
        pub use crate::providers::github::{Config, Github};
    }
    pub mod globus {
        pub use crate::providers::globus::{Config, Globus, GlobusAdmin, Secrets};
    }
    pub mod http {
        pub use crate::providers::http::{
            Auth, ClientAuth, ClientCredentials, Http, HttpError, HttpErrorKind, Options, Request,
            Secrets,
        };
    }
    pub mod http_document {
        pub use crate::providers::http_document::{Config, HttpDocument};
    }
    pub mod ldap {
        pub use crate::providers::ldap::{Attributes, Config, Ldap, LdapAdmin, Schema};
    }
    pub mod scim {
        pub use crate::providers::scim::{
            Attributes, Config, MemberValue, Paging, Scim, ScimAdmin, Secrets,
        };
    }
}
pub mod run {
    pub use crate::run::{Env, Job, Options, Outcome, Patience, RunReport, Silent, Task, once};
}
pub mod system {
    pub mod files {
        pub use crate::system::files::list;
    }
    pub mod lock {
        pub use crate::system::lock::{Purpose, RunLock, Wait};
    }
    pub mod root {
        pub use crate::system::root::Root;
    }
    pub mod tls {
        pub use crate::system::tls::Trusted;
    }
}
pub mod targets {
    pub use crate::targets::Hold;
}
