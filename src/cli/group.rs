//! `gosync group`: the groups at the provider.

use clap::{Args, Subcommand, ValueEnum};

/// What is done with groups at the provider.
#[derive(Clone, Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub enum Group {
    /// Approve people who asked to join
    ///
    /// With one USER and an EMAIL (which has an @), makes that person an active member under that address.
    Accept(GroupUsers),
    /// Make people administrators of a group
    Admin(GroupUsers),
    /// End the membership of people in a group
    Delmember(GroupUsers),
    /// Print names and ids of groups
    Get(Groups),
    /// List groups for people and for web pages
    List(GroupList),
    /// Make people managers of a group
    Manager(GroupUsers),
    /// Make people members of a group
    Member(GroupUsers),
    /// Print the members of groups, with their status
    Members(Groups),
    /// Make groups
    ///
    /// Sets policy, description and administrators as configured, and makes the users after a colon members of each
    /// group and of its parent. A group that exists already is completed.
    New(GroupNew),
    /// Send the descriptions of groups to the provider
    Syncdesc(Groups),
    /// Send the policies of groups to the provider
    Syncpolicy(Groups),
}

/// A group and people.
#[derive(Args, Clone, Debug)]
pub struct GroupUsers {
    /// The group, by its exact name at the provider
    pub group: String,

    /// The people, by login at the provider
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<String>,
}

/// Groups.
#[derive(Args, Clone, Debug)]
pub struct Groups {
    /// The groups, by their exact names at the provider
    #[arg(value_name = "GROUP", required = true)]
    pub groups: Vec<String>,
}

/// `gosync group list`
#[derive(Args, Clone, Debug)]
pub struct GroupList {
    /// Prefix of the address of each group; its id is appended
    #[arg(long, value_name = "URL", conflicts_with = "portal")]
    pub baseurl: Option<String>,

    /// Make the address of each group https://HOST/Groups#id=ID
    #[arg(long, value_name = "HOST")]
    pub portal: Option<String>,

    /// The output format; without it, a table on a terminal, otherwise `format` of [catalogue], by default html
    #[arg(
        long,
        value_name = "html|csv|xml|json|text",
        value_enum,
        hide_possible_values = true
    )]
    pub format: Option<ListFormat>,

    /// List only groups whose names match these words
    ///
    /// A word is a name, a pattern such as osg.* or a /regular expression/, each perhaps with ! before it; and, or and not
    /// combine the words before them; * is the filter of [catalogue]. Of several that are not combined, the last
    /// match decides.
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}

/// How groups are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table for a web page.
    Html,
    /// Comma-separated values.
    Csv,
    /// Elements.
    Xml,
    /// One object.
    Json,
    /// An aligned table.
    Text,
}

/// `gosync group new`
#[derive(Args, Clone, Debug)]
pub struct GroupNew {
    /// Make top-level groups, even if their names have dots
    #[arg(long, conflicts_with = "parent")]
    pub top: bool,

    /// Make the groups below this one
    ///
    /// Without it, a.b is made below a.
    #[arg(long, value_name = "GROUP")]
    pub parent: Option<String>,

    /// The groups; after a colon, the people to add as members
    #[arg(value_name = "GROUP... [: USER...]", required = true)]
    pub groups: Vec<String>,
}
