//! What `gosync why` says of e-mail and SSH keys: what came, where from, what is not taken, and
//! where it goes.

use crate::commands::setup::Setup;
use crate::hooks;
use crate::model::{Contact, FieldSource, Gap, User, UserField, shown};
use crate::plan::Plan;
use crate::policy::Refusal;
use crate::policy::keys::{KeyBook, KeyRules, Offer, Place};
use crate::policy::trace::Step;
use crate::run::keys;

/// The fields that other sources than the provider fill.
pub(super) fn sources(user: &User) -> Vec<Step> {
    let mut out = Vec::new();
    for source in [FieldSource::Csv, FieldSource::KeysDir, FieldSource::KeysUrl] {
        let fields = UserField::ALL
            .into_iter()
            .filter(|field| user.sources.of(*field) == Some(source));
        let fields: Vec<&str> = fields.map(UserField::as_str).collect();
        if !fields.is_empty() {
            out.push(Step {
                field: "source",
                value: fields.join(", "),
                rule: format!("{}, in place of the provider's", place(Some(source))),
            });
        }
    }
    out
}

fn place(source: Option<FieldSource>) -> String {
    match source {
        Some(source) => format!("`{}` in the provider's section `fields`", source.as_str()),
        None => "the provider's".to_owned(),
    }
}

/// The e-mail address, which is for hooks alone.
pub(super) fn email(user: &User, setup: &Setup<'_>) -> Step {
    let Some(email) = user.email.as_ref().filter(|email| !email.raw().is_empty()) else {
        return Step {
            field: "e-mail",
            value: "none".to_owned(),
            rule: "the provider has none".to_owned(),
        };
    };
    let from = place(user.sources.of(UserField::Email));
    let use_of = match (
        hooks::want_contacts(&setup.settings.hooks),
        Contact::new(Some(email), &[]).email,
    ) {
        (false, _) => "no hook wants it",
        (true, Some(_)) => "for hooks",
        (true, None) => "not handed to hooks, since it is no plain address",
    };
    Step {
        field: "e-mail",
        value: email.to_string(),
        rule: format!("{from}; {use_of}"),
    }
}

/// What is asked about somebody's keys.
pub(super) struct Keys<'a> {
    pub user: &'a User,
    pub book: &'a KeyBook,
    pub gaps: &'a [Gap],
    pub rules: &'a KeyRules,
    pub plan: &'a Plan,
    /// Name and home of the account.
    pub account: Option<(&'a str, &'a str)>,
}

/// Why the directory of keys cannot be used, if a plan says so.
pub(super) fn unusable(plan: &Plan) -> Option<&Refusal> {
    plan.refused
        .iter()
        .find(|refusal| refusal.id.is_none() && refusal.subject.raw() == keys::DIRECTORY)
}

impl Keys<'_> {
    /// Which keys are taken, which are not and why, and where they go.
    pub(super) fn steps(&self) -> Vec<Step> {
        let Self {
            user, book, rules, ..
        } = *self;
        let step = |value: String, rule: String| Step {
            field: "keys",
            value,
            rule,
        };
        if rules.place == Place::None {
            return vec![step(
                "none".to_owned(),
                "`place` in [keys] is \"none\": they go nowhere".to_owned(),
            )];
        }
        let from = place(user.sources.of(UserField::SshKeys));
        let mut out = Vec::new();
        match book.offer(&user.id) {
            None => {
                let rule = "keys are only for people with open accounts; those that were written are withdrawn"
                    .to_owned();
                return vec![step("none".to_owned(), rule)];
            }
            Some(Offer::Keys(keys)) => {
                out.extend(keys.iter().map(|key| {
                    step(
                        format!("{} {}", key.kind().as_str(), key.fingerprint()),
                        from.clone(),
                    )
                }));
                if keys.is_empty() && user.ssh_keys.is_empty() {
                    out.push(step("none".to_owned(), "no source has any".to_owned()));
                }
            }
            Some(Offer::Unknown) => {
                out.push(step("unknown, and left as they are".to_owned(), self.gap()));
            }
        }
        out.extend(
            book.complaints(&user.id)
                .iter()
                .map(|text| step(text.to_string(), from.clone())),
        );
        out.extend(self.goal());
        out
    }

    /// Why nobody knows the keys.
    fn gap(&self) -> String {
        let is_it = |gap: &&Gap| gap.user == self.user.id && gap.field == UserField::SshKeys;
        let gap = self.gaps.iter().find(is_it);
        gap.map_or("as told here".to_owned(), |gap| gap.reason.clone())
    }

    fn goal(&self) -> Option<Step> {
        let (name, home) = self.account?;
        let step = |value: String, rule: String| {
            Some(Step {
                field: "keys in",
                value,
                rule,
            })
        };
        let unusable = unusable(self.plan);
        match (self.rules.place, unusable) {
            (Place::Directory, None) => {
                step(self.rules.file(name), "`directory` in [keys]".to_owned())
            }
            (Place::Directory, Some(refusal)) => {
                step(self.rules.file(name), refusal.reason.to_string())
            }
            (Place::Home, _) => {
                let path = format!("{}/.ssh/authorized_keys", shown(home));
                step(
                    path,
                    "`place` in [keys] is \"home\": beside the person's own".to_owned(),
                )
            }
            (Place::None, _) => None,
        }
    }
}
