//! Field sources: fields of people from elsewhere than their provider, `[provider.NAME.fields]`.
//!
//! Not every provider has SSH keys or uids (Globus has neither). A run fills fields of the people
//! whom it has read and selected from a CSV file, a directory of key files, or a URL for each
//! person. What the provider says wins, unless the field is to be overridden; of several sources,
//! the first that knows wins.
//!
//! A source that cannot be read is never taken for an empty one. Without the CSV file there is no
//! snapshot: people would get other uids and shells. Keys that could not be looked up are a
//! [`Gap`], and nothing else: a forge that is down must not keep anybody's account open. Decides
//! nothing about accounts, and does not check what the fields mean; `decode` and `template` are
//! pure.

mod decode;
mod dir;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod lookup;
mod template;
#[cfg(test)]
mod tests;
mod url;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

use self::decode::Table;
use self::dir::KeysDir;
use self::url::KeysUrl;
use super::kind::SourceOwner;
use super::{FetchError, Query};
use crate::model::{FieldSource, Gap, Snapshot, Untrusted, User, UserField};
use crate::system::files;
use crate::system::tls::Trusted;

pub(crate) use self::lookup::Lookup;
pub use self::template::Template;

/// The largest CSV file that is read.
const MAX_CSV_BYTES: u64 = 256 << 20;

/// `[provider.NAME.fields]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A CSV file with fields.
    pub csv: Option<PathBuf>,
    /// A directory of key files.
    pub keys_dir: Option<PathBuf>,
    /// What those files are named after.
    pub keys_by: Lookup,
    /// Where each person's keys are.
    pub keys_url: Option<Template>,
    /// The authorities to trust there, in PEM.
    pub keys_ca_file: Option<PathBuf>,
    /// The certificate of the server there, in PEM: this very one is trusted, whatever names it has and whoever signed it.
    pub keys_server_certificate: Option<PathBuf>,
    /// The proxy on the way there.
    pub keys_proxy: Option<String>,
    /// Who may own the CSV file, or the directory and its files, besides root.
    pub owner: Option<SourceOwner>,
    /// In which fields a source wins over the provider.
    #[serde(rename = "override")]
    pub overrides: Vec<UserField>,
}

/// The sources that are configured.
pub struct Sources {
    csv: Option<PathBuf>,
    keys_dir: Option<KeysDir>,
    keys_url: Option<KeysUrl>,
    overrides: BTreeSet<UserField>,
    /// Who may own what is on this machine, besides root and us.
    owner: Option<u32>,
}

/// What a source of keys says about one person.
enum Answer {
    /// These keys; none, if there are none.
    Keys(Vec<Untrusted>),
    /// It does not know the person.
    Nothing,
    /// Nobody knows; says why.
    Unknown(String),
}

/// A source of keys, in one run.
trait KeySource {
    /// What it is called in messages.
    fn place(&self) -> String;

    /// Which of the sources it is.
    fn kind(&self) -> FieldSource;

    /// Looks one person up.
    fn ask(&mut self, user: &User) -> Answer;
}

/// One person of a snapshot, and which of their fields nobody else is to be asked about.
struct Person<'a> {
    user: &'a mut User,
    settled: BTreeSet<UserField>,
}

impl Sources {
    /// The sources. `trusted`: whom to trust at `keys_url`. Connects to nobody yet.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(config: &Config, trusted: Trusted) -> Result<Self, String> {
        let keys_url = config.keys_url.as_ref();
        let owner = config.owner.as_ref().map(SourceOwner::uid).transpose()?;
        Ok(Self {
            csv: config.csv.clone(),
            keys_dir: config
                .keys_dir
                .clone()
                .map(|path| KeysDir::new(path, config.keys_by.clone(), owner)),
            keys_url: keys_url
                .map(|url| KeysUrl::new(url.clone(), trusted, config.keys_proxy.clone()))
                .transpose()?,
            overrides: config.overrides.iter().copied().collect(),
            owner,
        })
    }

    /// Begins a run.
    ///
    /// # Errors
    /// When the CSV file cannot be read or used: without it people would get other uids and shells.
    pub fn open(&self) -> Result<Opened<'_>, FetchError> {
        Ok(Opened {
            sources: self,
            table: self.table()?,
        })
    }

    fn table(&self) -> Result<Option<Table>, FetchError> {
        let Some(path) = &self.csv else {
            return Ok(None);
        };
        let place = path.display().to_string();
        let bytes = files::read_source(path, MAX_CSV_BYTES, self.owner)
            .map_err(|e| FetchError::of_file(path, &e))?;
        let table = decode::table(&bytes);
        table.map(Some).map_err(|reason| FetchError::Malformed {
            place,
            reason: Untrusted::new(reason).into(),
        })
    }
}

/// The sources in one run: what is one file is read, and the rest is asked about each person.
pub struct Opened<'a> {
    sources: &'a Sources,
    table: Option<Table>,
}

impl Opened<'_> {
    /// Fills fields of the people in a snapshot. `selected`: for each of them, whether they may
    /// come to have an account: nobody else's keys are worth a request. `query`: what the snapshot
    /// was read by.
    pub fn fill(
        &self,
        snapshot: &mut Snapshot,
        selected: &[bool],
        query: &Query,
        progress: &dyn Fn(usize),
    ) {
        let Sources {
            keys_dir,
            keys_url,
            overrides,
            ..
        } = self.sources;
        let read = snapshot.directory.users.len() + snapshot.directory.groups.len();
        let mut people: Vec<Person<'_>> = snapshot
            .directory
            .users
            .iter_mut()
            .map(|user| Person::new(user, overrides))
            .collect();
        if let Some(table) = &self.table {
            people.iter_mut().for_each(|person| person.fill(table));
        }
        let mut sources: Vec<Box<dyn KeySource + '_>> = Vec::new();
        if let Some(dir) = keys_dir {
            sources.push(Box::new(dir.open()));
        }
        if let Some(url) = keys_url {
            sources.push(Box::new(url.open(query.deadline)));
        }
        for mut source in sources {
            let asked = people
                .iter_mut()
                .zip(selected)
                .filter(|(person, selected)| {
                    **selected && !person.settled.contains(&UserField::SshKeys)
                })
                .map(|(person, _)| person)
                .collect();
            let narrowed = query.only.is_some();
            let gaps = ask(source.as_mut(), asked, narrowed, &|n| progress(read + n));
            snapshot.gaps.extend(gaps);
        }
    }
}

impl<'a> Person<'a> {
    fn new(user: &'a mut User, overrides: &BTreeSet<UserField>) -> Self {
        let mut settled: BTreeSet<UserField> = UserField::ALL
            .into_iter()
            .filter(|f| is_said(user, *f))
            .collect();
        settled.retain(|field| !overrides.contains(field));
        Self { user, settled }
    }

    /// Fills what is open from the person's row.
    fn fill(&mut self, table: &Table) {
        for (field, values) in table.row(self.user) {
            if self.settled.insert(*field) {
                set(self.user, *field, values, FieldSource::Csv);
            }
        }
    }
}

/// Whether the record says something in a field.
fn is_said(user: &User, field: UserField) -> bool {
    let text = match field {
        UserField::Name => &user.name,
        UserField::Email => &user.email,
        UserField::Uid => &user.uid,
        UserField::Gid => &user.gid,
        UserField::Home => &user.home,
        UserField::Shell => &user.shell,
        UserField::SshKeys => return !user.ssh_keys.is_empty(),
    };
    text.as_ref().is_some_and(|text| !text.raw().is_empty())
}

fn set(user: &mut User, field: UserField, values: &[Untrusted], source: FieldSource) {
    user.sources.set(field, source);
    let text = match field {
        UserField::Name => &mut user.name,
        UserField::Email => &mut user.email,
        UserField::Uid => &mut user.uid,
        UserField::Gid => &mut user.gid,
        UserField::Home => &mut user.home,
        UserField::Shell => &mut user.shell,
        UserField::SshKeys => {
            user.ssh_keys = values.to_vec();
            return;
        }
    };
    *text = values.first().cloned();
}

/// Asks about everybody. `narrowed`: those are not all, so that nothing follows from how many are
/// known.
fn ask(
    source: &mut dyn KeySource,
    people: Vec<&mut Person<'_>>,
    narrowed: bool,
    progress: &dyn Fn(usize),
) -> Vec<Gap> {
    let (place, asked, mut known) = (source.place(), people.len(), 0);
    let gap = |user: &User, reason: String| Gap {
        user: user.id.clone(),
        subject: user.login.clone(),
        field: UserField::SshKeys,
        reason,
    };
    let mut gaps = Vec::new();
    let mut strangers = Vec::new();
    for (n, person) in people.into_iter().enumerate() {
        match source.ask(person.user) {
            Answer::Keys(keys) => {
                known += 1;
                set(person.user, UserField::SshKeys, &keys, source.kind());
                person.settled.insert(UserField::SshKeys);
            }
            Answer::Nothing => strangers.push(person),
            Answer::Unknown(reason) => {
                gaps.push(gap(person.user, format!("{place}: {reason}")));
                // What a later source says is not what this one would have said.
                person.settled.insert(UserField::SshKeys);
            }
        }
        progress(n + 1);
    }
    tracing::info!(place = %crate::model::shown(&place), asked, known, unknown = gaps.len(), "keys looked up");
    // An address that leads to nobody is more likely a wrong one than one where nobody is.
    if known == 0 && gaps.is_empty() && !narrowed {
        let reason = format!("{place}: it knows nobody who was looked up");
        gaps = strangers
            .into_iter()
            .map(|person| gap(person.user, reason.clone()))
            .collect();
    }
    gaps
}
