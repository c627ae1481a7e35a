//! `gosync init` and `gosync check`

use std::path::PathBuf;

use clap::Args;

/// `gosync init`
#[derive(Args, Clone, Debug)]
pub struct Init {
    /// What kind of provider: file, command, http, ldap, scim, globus or github
    #[arg(value_name = "KIND")]
    pub kind: String,

    /// The name of its section, [provider.NAME]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Where the server is
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,

    /// The entry below which people and groups are, with `ldap`
    #[arg(long, value_name = "DN")]
    pub base: Option<String>,

    /// The DN that gosync binds as, with `ldap`
    #[arg(long, value_name = "DN")]
    pub bind_dn: Option<String>,

    /// Set any key of the section
    ///
    /// Can be given several times: `--set schema=ad --set ca_file=/etc/gosync/ca.pem`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Write to this new file, which only its owner may read
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// `gosync check`
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// The configuration; without it, the one that other commands would read
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}
