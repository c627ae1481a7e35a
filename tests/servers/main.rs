//! Tests that need servers and sockets of their own, and no privilege.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "../support/bare_host.rs"]
mod bare_host;
#[path = "../support/follower.rs"]
mod follower;
#[path = "../support/made_once.rs"]
mod made_once;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/schema.rs"]
mod schema;
#[path = "../support/scratch.rs"]
mod scratch;
#[path = "../support/signer.rs"]
mod signer;
#[path = "../support/slapd.rs"]
mod slapd;
#[path = "../support/web.rs"]
mod web;

mod adapters;
mod attributes;
mod certificates;
mod changes_389;
mod changes_ad;
mod contract;
mod directory_target;
mod directory_targets;
mod dirsync;
mod ds389;
mod first_hour;
mod follow;
mod github;
mod github_cli;
mod github_emulator;
mod github_faults;
mod github_server;
mod globus;
mod globus_admin;
mod globus_cli;
mod globus_faults;
mod globus_server;
mod group_cli;
mod histories;
mod hostile;
mod http;
mod http_document;
mod increment;
mod journey;
mod known_again;
mod ldap;
mod ldap_access;
mod ldap_admin;
mod ldap_admin_faults;
mod ldap_cases;
mod ldap_faults;
mod ldap_group;
mod ldap_stub;
mod ldap_tools;
mod pasted;
mod prometheus;
mod rebind;
mod relay;
mod samba;
mod scim;
mod scim_changes;
mod scim_faults;
mod scim_server;
mod slurm;
mod stamp;
mod sync_both;
mod venv;
mod writers;
mod wrong_keys;
