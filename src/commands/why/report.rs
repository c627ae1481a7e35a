//! What `gosync why` says, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::leaving::Leaving;
use crate::model::owned::{OwnedAccount, OwnedGroup};
use crate::model::{RejectedRecord, RemoteId, Status, Untrusted, counted, shown};
use crate::policy::local_map::LocalGroup;
use crate::policy::select::SelectionReason;
use crate::policy::trace::Step;

/// All that is said.
pub(super) struct Report {
    pub account: Option<Side>,
    pub group: Option<Side>,
    /// A group of the host's own.
    pub local: Option<Side>,
    pub provider: String,
}

/// What is said about an account, or about a group.
#[derive(Default, Serialize)]
pub(super) struct Side {
    /// What becomes of it, in one line.
    pub verdict: String,
    /// The name of a group of the host's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The provider's id.
    pub id: Option<String>,
    /// What it is called there, as it was sent; safe to print.
    pub remote: Option<String>,
    /// Where it stands at the provider.
    pub standing: Option<String>,
    /// How it comes to be what it is.
    pub steps: Vec<Step>,
    /// Why nothing becomes of what the provider says.
    pub refused: Option<String>,
    /// What gosync has of it.
    pub ledger: Option<String>,
    /// How far it has come on the way out.
    pub leaving: Option<Leaving>,
    /// Which administrator holds it locked, since when, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The shell that it has again when its lock is taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell_back: Option<String>,
    /// The groups of a person.
    pub groups: Vec<String>,
    /// What the next runs would do.
    pub next: Vec<Next>,
}

/// What the next run of a command would do.
#[derive(Serialize)]
pub(super) struct Next {
    command: &'static str,
    pub lines: Vec<String>,
    /// Whether only one person was asked for.
    pub narrow: bool,
}

impl Next {
    pub(super) fn new(command: &'static str, lines: Vec<String>) -> Self {
        Self {
            command,
            lines,
            narrow: false,
        }
    }
}

impl Side {
    /// One of whom the provider has a record.
    pub(super) fn of(id: &RemoteId, remote: &Untrusted) -> Self {
        Self {
            id: Some(id.to_string()),
            remote: Some(remote.to_string()),
            ..Self::default()
        }
    }

    /// An account whose person the provider does not have.
    pub(super) fn missing(id: &RemoteId) -> Self {
        let selection = Some("the provider has no record with this id".to_owned());
        Self {
            id: Some(id.to_string()),
            standing: selection,
            ..Self::default()
        }
    }

    /// A group that the provider does not have.
    pub(super) fn missing_group(id: &RemoteId) -> Self {
        let selection = Some("the provider has no group with this id".to_owned());
        Self {
            id: Some(id.to_string()),
            standing: selection,
            ..Self::default()
        }
    }

    /// A group of the host's own. `gid`: the one that it has here; `None`: it is not here.
    pub(super) fn local(name: &str, mapped: Option<&LocalGroup>, gid: Option<u32>) -> Self {
        let here = gid.map_or("is not on this host".to_owned(), |gid| {
            format!("has the gid {gid}")
        });
        let verdict = match mapped {
            Some(_) => "gets members from the provider",
            None => "gets no members from the provider any more",
        };
        let power = if mapped.is_some_and(|group| group.privileged) {
            ", privileged"
        } else {
            ""
        };
        let selection = Some(format!("{here}{power}"));
        let rule = match mapped {
            Some(group) => {
                let sources: Vec<String> = group
                    .sources
                    .iter()
                    .map(|source| format!("`{}`", shown(source)))
                    .collect();
                Step {
                    field: "members",
                    value: format!("from {}", sources.join(", ")),
                    rule: "`local_map`".to_owned(),
                }
            }
            None => {
                let rule = "`local_map` does not name it any more; who came by it goes".to_owned();
                Step {
                    field: "members",
                    value: "none".to_owned(),
                    rule,
                }
            }
        };
        let (local, verdict) = (Some(name.to_owned()), verdict.to_owned());
        Self {
            local,
            verdict,
            standing: selection,
            steps: vec![rule],
            ..Self::default()
        }
    }

    /// A record that cannot be used at all.
    pub(super) fn rejected(record: &RejectedRecord) -> Self {
        Self {
            id: record.id.as_ref().map(ToString::to_string),
            remote: Some(record.subject.to_string()),
            refused: Some(record.reason.clone()),
            ..Self::default()
        }
    }

    fn text(&self, what: &str, provider: &str, out: &mut String) {
        let id = self.id.as_deref().unwrap_or("without a usable id");
        // Writing into a String cannot fail.
        let _ = match (&self.local, &self.remote) {
            (Some(name), _) => writeln!(out, "{what} {} of the host's own", shown(name)),
            (None, Some(remote)) => writeln!(
                out,
                "{what} of the record {id}, `{remote}` at {}",
                shown(provider)
            ),
            (None, None) => writeln!(out, "{what} of the record {id}"),
        };
        let mut row = |key: &str, text: &str| writeln!(out, "  {key:<9} {text}");
        let _ = row("verdict", &self.verdict);
        for (key, text) in [("standing", &self.standing), ("ledger", &self.ledger)] {
            let _ = text.as_ref().map(|text| row(key, text));
        }
        let closed = if what == "group" { "emptied" } else { "locked" };
        for (key, text) in self.leaving.iter().flat_map(|leaving| leaving.rows(closed)) {
            let _ = row(key, &text);
        }
        for (key, text) in [("held", &self.held), ("shell", &self.shell_back)] {
            let _ = text.as_ref().map(|text| row(key, text));
        }
        for Step { field, value, rule } in &self.steps {
            let value = if value.is_empty() { "(empty)" } else { value };
            let _ = row(field, &format!("{value}  <- {rule}"));
        }
        for group in &self.groups {
            let _ = row("group", group);
        }
        for next in &self.next {
            let _ = writeln!(out, "  the next `gosync {}`:", next.command);
            if next.lines.is_empty() {
                out.push_str("    changes nothing here\n");
            }
            for line in &next.lines {
                let _ = writeln!(out, "    {line}");
            }
            if next.narrow && next.lines.iter().any(|line| line.starts_with('+')) {
                out.push_str("    (asked about this person alone; who comes at the same time may take the free id)\n");
            }
        }
    }
}

impl Report {
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for (what, side) in [
            ("account", &self.account),
            ("group", &self.group),
            ("group", &self.local),
        ] {
            if let Some(side) = side {
                side.text(what, &self.provider, &mut out);
            }
        }
        out
    }

    pub(super) fn json(&self) -> Value {
        let Self {
            account,
            group,
            local,
            provider,
        } = self;
        json!({"provider": provider, "account": account, "group": group, "local_group": local})
    }
}

/// Where somebody stands, and why.
pub(super) fn selection(reason: SelectionReason, top_group: Option<&str>) -> String {
    let top = shown(top_group.unwrap_or_default());
    match reason {
        SelectionReason::Active => "active, and no `top_group` is set".to_owned(),
        SelectionReason::Member(Status::Active) => {
            format!("an active member of `{top}`, the top group")
        }
        SelectionReason::Member(status) => {
            format!(
                "not an active member of the top group `{top}`: the membership is {}",
                word(&status)
            )
        }
        SelectionReason::Inactive => "disabled: not active at the provider".to_owned(),
        SelectionReason::NoMember => format!("absent: no member of `{top}`, the top group"),
    }
}

/// The word of a status.
pub(super) fn word(status: &Status) -> String {
    format!("{status:?}").to_ascii_lowercase()
}

/// What gosync has of an account.
pub(super) fn entry(own: &OwnedAccount) -> String {
    format!(
        "{} with the uid {}, {}",
        shown(&own.name),
        own.uid,
        own.state.as_str()
    )
}

/// What gosync has of a group; `primaries`: how many accounts are in it as their primary group, which its line does not say.
pub(super) fn group_entry(own: &OwnedGroup, primaries: usize) -> String {
    let members = counted(own.members.count(), "member", "members");
    let primaries = match primaries {
        0 => String::new(),
        n => format!(
            ", and the primary group of {}",
            counted(n, "account", "accounts")
        ),
    };
    format!(
        "{} with the gid {}, {}, {members}{primaries}",
        shown(&own.name),
        own.gid,
        own.state.as_str()
    )
}
