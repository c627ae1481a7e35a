//! The log: what a run does, for whoever asks by `-v`. Written to standard error.
//!
//! The log is not how gosync talks to people: that is `ui`. No environment variable is consulted, so that a crontab
//! says the same everywhere.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// Starts the log: warnings, and from this program more with each `-v`. A second call changes nothing.
#[allow(clippy::disallowed_methods)] // the log is the other one that writes to standard error
pub(crate) fn init(verbose: u8, json: bool) {
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let registry = tracing_subscriber::registry();
    // Fails only if a log is there already.
    let _ = match json {
        true => registry
            .with(
                layer
                    .json()
                    .flatten_event(true)
                    .with_filter(targets(verbose)),
            )
            .try_init(),
        false => registry
            .with(layer.with_filter(targets(verbose)))
            .try_init(),
    };
}

/// Which events are written.
fn targets(verbose: u8) -> Targets {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("gosync", level)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::targets;

    #[test]
    fn only_this_program_becomes_talkative() {
        assert!(targets(0).would_enable("gosync::plan", &Level::WARN));
        assert!(!targets(0).would_enable("gosync::plan", &Level::INFO));
        assert!(targets(1).would_enable("gosync::plan", &Level::INFO));
        assert!(targets(2).would_enable("gosync::plan", &Level::DEBUG));
        assert!(targets(9).would_enable("gosync::plan", &Level::TRACE));
        assert!(!targets(9).would_enable("rustls::client", &Level::INFO));
        assert!(targets(0).would_enable("rustls::client", &Level::WARN));
    }
}
