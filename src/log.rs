//! The log: what a run does, for whoever asks by `-v`. Written to standard error.
//!
//! The log is not how gosync talks to people: that is `ui`. No environment variable is consulted, so that a crontab
//! says the same everywhere; only that standard error is the journal's, which the caller has found out, is heeded.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt as layers};

/// What is said for programs of each change and each refusal; people read it in the messages.
pub(crate) const EVENTS: &str = "gosync::event";

/// How the log is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// How much: warnings, and from this program more with each.
    pub(crate) verbose: u8,
    /// Whether each line is a JSON object.
    pub(crate) json: bool,
    /// Whether each line begins with its priority.
    pub(crate) journal: bool,
}

/// Starts the log. A second call changes nothing.
#[allow(clippy::disallowed_methods)] // the log is the other one that writes to standard error
pub(crate) fn init(style: Style) {
    let layer = layers::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    let registry = tracing_subscriber::registry();
    let is_journal = style.journal;
    // Fails only if a log is there already.
    let _ = match style.json {
        true => registry
            .with(
                layer
                    .json()
                    .flatten_event(true)
                    .map_event_format(|inner| Prioritized { inner, is_journal })
                    .with_filter(targets(style)),
            )
            .try_init(),
        false => registry
            .with(
                layer
                    .map_event_format(|inner| Prioritized { inner, is_journal })
                    .with_filter(targets(style)),
            )
            .try_init(),
    };
}

/// Which events are written.
fn targets(style: Style) -> Targets {
    let level = match style.verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let events = match style.json {
        true => LevelFilter::INFO,
        false => LevelFilter::OFF,
    };
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("gosync", level)
        .with_target(EVENTS, events)
}

/// Lines that begin with their priority, by sd-daemon(3), if the journal reads them.
struct Prioritized<F> {
    inner: F,
    is_journal: bool,
}

impl<S, N, F> FormatEvent<S, N> for Prioritized<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.is_journal {
            write!(writer, "<{}>", priority(*event.metadata().level()))?;
        }
        self.inner.format_event(context, writer, event)
    }
}

fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(verbose: u8, json: bool) -> Targets {
        targets(Style {
            verbose,
            json,
            journal: false,
        })
    }

    #[test]
    fn only_this_program_becomes_talkative() {
        let targets = |verbose| style(verbose, false);
        assert!(targets(0).would_enable("gosync::plan", &Level::WARN));
        assert!(!targets(0).would_enable("gosync::plan", &Level::INFO));
        assert!(targets(1).would_enable("gosync::plan", &Level::INFO));
        assert!(targets(2).would_enable("gosync::plan", &Level::DEBUG));
        assert!(targets(9).would_enable("gosync::plan", &Level::TRACE));
        assert!(!targets(9).would_enable("rustls::client", &Level::INFO));
        assert!(targets(0).would_enable("rustls::client", &Level::WARN));
    }

    #[test]
    fn programs_hear_of_each_change_and_people_read_it_elsewhere() {
        assert!(style(0, true).would_enable(EVENTS, &Level::INFO));
        assert!(!style(9, false).would_enable(EVENTS, &Level::ERROR));
    }

    #[test]
    fn a_priority_is_that_of_syslog() {
        let levels = [
            Level::ERROR,
            Level::WARN,
            Level::INFO,
            Level::DEBUG,
            Level::TRACE,
        ];
        assert_eq!(levels.map(priority), [3, 4, 6, 7, 7]);
    }
}
