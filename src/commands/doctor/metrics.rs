//! Whether the file for monitoring can be written. That is asked of the code that writes it, so that both say the same.

use super::host_look::HostLook;
use super::report::{Area, Finding, Report};
use crate::model::shown;
use crate::system::publish;

const AREA: Area = Area::Metrics;

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    if look.unusable.is_some() {
        return;
    }
    let Some(path) = &look.settings().metrics.textfile else {
        return;
    };
    let path = look.root().path(path);
    report.looked(AREA, shown(&path.display().to_string()));
    let refused = publish::look(&path, &look.root().path("/")).err();
    report.add(refused.map(|error| finding(&error.to_string())));
}

fn finding(error: &str) -> Finding {
    AREA.warning(
        format!("no metrics are written: {error}"),
        "each run says so, and monitoring sees nothing of this host, or what was so once",
        "make the directory root's, with mode 0755; or change `textfile` in [metrics]",
    )
}
