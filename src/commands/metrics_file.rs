//! The metrics of the last runs for node_exporter, if they are wanted. See `run::metrics`.

use super::setup::Setup;
use crate::run::metrics;
use crate::system::files;

/// Writes them. No run fails since they cannot be written: that is a warning, and the run ends as it would.
pub(super) fn write(setup: &Setup<'_>, warn: impl FnOnce(String)) {
    let Some(path) = &setup.settings.metrics.textfile else {
        return;
    };
    let changed = setup.sources.iter().map(|path| files::modified(path));
    let changed = changed.filter_map(Result::ok).max();
    if let Err(error) = metrics::write(&setup.env, path, changed) {
        warn(format!(
            "no metrics are written (`textfile` in [metrics]): {error}"
        ));
    }
}
