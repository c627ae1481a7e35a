//! `gosync doctor`: looks at everything that gosync depends on, and says what is wrong and how to
//! mend it.
//!
//! Each area has a file: facts are gathered through `system` and `target`, as data, and judged by
//! functions that see nothing else. Writes nothing, and holds no lock. What burned people, and thus
//! what is worth a look, comes from the manuals of passwd(5), login.defs(5), nsswitch.conf(5),
//! sshd_config(5), crontab(5), systemd.unit(5), and systemd's document on uids.

mod clock;
mod configuration;
mod cron_calls;
mod crontab;
mod databases;
mod homes;
mod hooks;
mod host_look;
mod ledger;
mod lines;
mod lock;
mod metrics;
mod names;
mod odd_lines;
mod owned;
mod people;
mod power;
mod provider;
mod ranges;
mod replicas;
mod report;
mod sandbox;
mod sshd;
mod targets;
mod trust;
mod units;

use self::host_look::HostLook;
use self::report::{Report, Severity};
use super::Outcome;
use crate::cli::{self, Format, Global};
use crate::commands::setup::Setup;
use crate::error::{Kind, Result};
use crate::ui::{Ui, document};

/// The areas, in the order in which they are looked at.
const AREAS: [fn(&HostLook<'_>, &mut Report); 18] = [
    configuration::check,
    trust::check,
    provider::check,
    targets::check,
    lock::check,
    ledger::check,
    databases::check,
    lines::check,
    names::check,
    sshd::check,
    power::check,
    ranges::check,
    homes::check,
    hooks::check,
    crontab::check,
    metrics::check,
    clock::check,
    replicas::check,
];

pub(super) fn run(global: &Global, args: &cli::Doctor, ui: Ui) -> Result<Outcome> {
    Setup::may_work(global)?;
    let look = HostLook::new(global, args, ui)?;
    let mut report = Report::new(global.root.clone());
    for area in AREAS {
        area(&look, &mut report);
    }
    match args.format {
        Format::Text => ui.data(&report.text()),
        Format::Json => ui.data(&document(report.json())),
    }
    Ok(match (&look.unusable, report.count(Severity::Problem)) {
        (Some(_), _) => Outcome::Reported(Kind::Usage),
        (None, 0) => Outcome::Done,
        (None, _) => Outcome::Reported(Kind::Failed),
    })
}
