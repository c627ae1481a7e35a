//! What a dry run would have made of host and ledger, for the plan that follows from it.
//!
//! Of the syncs of one dry run each is planned for what those before would have left: the new bytes of the databases, and a
//! ledger in memory in which their plans have come true. Nothing of it is ever written.

use std::cell::RefCell;
use std::rc::Rc;

use crate::ledger::{Ledger, LedgerError, Run};
use crate::targets::{Contents, Staged};

/// What the dry runs up to now would have left; those whose plan was refused, nothing.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    contents: RefCell<Rc<Contents>>,
    ledger: RefCell<Option<Ledger>>,
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
        self.ledger.replace(Some(ledger));
        // What an earlier part has staged of other files still holds.
        let mut contents = Contents::clone(&self.contents.borrow());
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
}
