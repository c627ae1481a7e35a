//! What a dry run would have made of host and ledger, for the plan that follows from it.
//!
//! Of the syncs of one dry run each is planned for what those before would have left: the new bytes of the databases, and a
//! ledger in memory in which their plans have come true. Nothing of it is ever written.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ledger::{Ledger, LedgerError, Run};
use crate::plan::{KeyPlace, Plan, effects};
use crate::targets::{Contents, Staged};

/// What the dry runs up to now would have left; those whose plan was refused, nothing.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    contents: RefCell<Rc<Contents>>,
    ledger: RefCell<Option<Ledger>>,
    /// What the files with keys are taken to hold that changed, by their paths on the host.
    keys: RefCell<BTreeMap<String, KeysAhead>>,
    /// Whether any of it is not as it stands.
    has_moved: Cell<bool>,
}

/// What a file with keys would hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeysAhead {
    /// This; nothing, if it would not be there.
    Text(String),
    /// What stands in this file.
    Of(String),
}

impl Ahead {
    /// Takes a plan for carried out. `ledger`: a copy of the ledger, for this.
    ///
    /// # Errors
    /// When the ledger does not take the plan.
    pub(crate) fn go_on(
        &self,
        run: Run<'_>,
        mut ledger: Ledger,
        staged: &dyn Staged,
    ) -> Result<(), LedgerError> {
        let plan = staged.plan();
        if !plan.changes.is_empty() {
            let number = ledger.reserve(run, plan)?;
            ledger.confirm(number)?;
        }
        ledger.observe(run, &plan.observations)?;
        if !(plan.changes.is_empty() && plan.observations.is_empty()) {
            self.has_moved.set(true);
        }
        self.take_keys(plan);
        self.ledger.replace(Some(ledger));
        // What an earlier part would have left stays where this one changes nothing.
        let mut contents = Contents::clone(&self.contents());
        contents.extend(staged.contents());
        self.contents.replace(Rc::new(contents));
        Ok(())
    }

    /// What the databases are taken to hold instead of what is there.
    pub(crate) fn contents(&self) -> Rc<Contents> {
        Rc::clone(&self.contents.borrow())
    }

    /// The ledger, for one run: a copy, since the plan of that run may be refused.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(crate) fn ledger(&self) -> Result<Option<Ledger>, LedgerError> {
        let ledger = self.ledger.borrow();
        ledger
            .as_ref()
            .map(|it| Ledger::in_memory(Some(it)))
            .transpose()
    }

    fn take_keys(&self, plan: &Plan) {
        let mut ahead = self.keys.borrow_mut();
        let renames = plan
            .changes
            .iter()
            .filter_map(|it| effects(it).lines.rename());
        let renames = renames.filter_map(|rename| rename.account.as_ref());
        let moves: Vec<&(String, String)> = renames.flat_map(|account| &account.files).collect();
        // All at once: a name may pass from one account to another.
        let before = ahead.clone();
        for (from, _) in &moves {
            ahead.insert(from.clone(), KeysAhead::Text(String::new()));
        }
        for (from, to) in moves {
            let moved = before.get(from).cloned();
            let moved = moved.unwrap_or_else(|| KeysAhead::Of(from.clone()));
            ahead.insert(to.clone(), moved);
        }
        for keys in plan.changes.iter().filter_map(|it| effects(it).keys) {
            if let KeyPlace::File { path } = &keys.at {
                ahead.insert(path.clone(), KeysAhead::Text(keys.text.clone()));
            }
        }
    }

    /// What a file with keys is taken to hold; `None`: what is there.
    pub(crate) fn keys_at(&self, path: &str) -> Option<KeysAhead> {
        self.keys.borrow().get(path).cloned()
    }

    /// Whether the run would leave anything else than what stands.
    pub(crate) fn has_moved(&self) -> bool {
        self.has_moved.get()
    }
}
