//! `gosync check`: looks at a configuration, as anybody and without a host.
//!
//! Opens none of the files that it names: they may be on another machine, or not for us. The doctor looks at them.

use super::Outcome;
use super::setup;
use crate::cli::{self, Global};
use crate::error::{Error, Result};
use crate::model::shown;
use crate::system::files::complaint_of;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Check, ui: Ui) -> Result<Outcome> {
    let files = match &args.file {
        Some(_) if !global.files.is_empty() => {
            return Err(Error::usage(
                "name the configuration once: as FILE, or by -f",
            ));
        }
        Some(file) => vec![file.clone()],
        None => setup::chosen_files(global)?,
    };
    let settings = setup::settings_of(&files, global)?;
    for path in &files {
        if let Some(complaint) = complaint_of(path).map_err(Error::failed)? {
            ui.warn(format!(
                "{}: a run would refuse it: {complaint}",
                path.display()
            ));
        }
    }
    let providers = settings.providers.iter();
    let providers = providers.map(|it| format!("`{}` ({})", shown(&it.name), it.kind));
    let inactive = settings.inactive.iter();
    let inactive = inactive.map(|name| format!("not `{}`, which is not active", shown(name)));
    let reads: Vec<String> = providers.chain(inactive).collect();
    let names: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    ui.notice(format!(
        "{} can be used; it reads {}",
        names.join(" and "),
        reads.join(", ")
    ));
    ui.notice("next: gosync doctor, as root, tries it on this host and asks the provider");
    Ok(Outcome::Done)
}
