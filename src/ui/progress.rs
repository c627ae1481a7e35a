//! How far something long has come, for somebody who sits before a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line on standard error that counts, and is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(what: &str, of: Option<usize>, visible: bool) -> Self {
        let all = of.map(|of| of as u64);
        let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::hidden());
        if visible {
            let template = match all {
                Some(_) => "{spinner} {msg} {pos} of {len}",
                None => "{spinner} {msg} {pos}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.tick_chars(r"-\|/ "));
            }
            bar.set_message(what.to_owned());
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self(bar)
    }

    /// Says how many are done.
    pub(crate) fn set(&self, n: usize) {
        self.0.set_position(n as u64);
    }

    #[cfg(test)]
    pub(super) fn is_hidden(&self) -> bool {
        self.0.is_hidden()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
