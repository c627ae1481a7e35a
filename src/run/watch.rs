//! Who looks on while a run goes on. The engine prints nothing and knows no terminal.

use crate::hooks::Reporter;
use crate::plan::Plan;

/// Says how far something long has come; it is over when this is dropped.
pub(crate) type Progress = Box<dyn Fn(usize)>;

/// An observer of runs.
pub trait Watch: Reporter {
    /// Something long begins, such as "homes made". `of`: how many there are in all, if that is known.
    fn progress(&mut self, what: &str, of: Option<usize>) -> Progress;

    /// This is about to be done, and what is refused in it is not.
    fn staged(&mut self, plan: &Plan);

    /// What came of a run, in one line.
    fn summed_up(&mut self, text: String) {
        self.notice(text);
    }

    /// Whether what was just told is to be done.
    fn agrees(&mut self, plan: &Plan) -> bool;

    /// This would be done, and is not: the run is a dry one.
    fn dry(&mut self, plan: &Plan);

    /// This is done, by the run of this number if anything was written to the databases; the run may fail all the same.
    fn done(&mut self, plan: &Plan, run: Option<u64>);
}

/// Hears of everything and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn notice(&mut self, _: String) {}

    fn warn(&mut self, _: String) {}
}

impl Watch for Silent {
    fn progress(&mut self, _: &str, _: Option<usize>) -> Progress {
        Box::new(|_| {})
    }

    fn staged(&mut self, _: &Plan) {}

    fn agrees(&mut self, _: &Plan) -> bool {
        true
    }

    fn dry(&mut self, _: &Plan) {}

    fn done(&mut self, _: &Plan, _: Option<u64>) {}
}
