//! Where charges are kept: every one is on record before its noise is drawn.

mod error;
mod head;
mod loss;
mod open;
mod plan;
mod record;
#[cfg(test)]
pub(super) mod tests;

use std::fmt;
use std::process;

use parking_lot::Mutex;

pub use error::{LedgerError, RaisedBudget};
pub use head::{LedgerHead, LedgerHeadError};
pub use open::LedgerOptions;
pub use plan::BudgetPlan;

use self::head::Chain;
use self::record::Record;
use super::accountant::Accounts;
use super::mutant::Mutant;
use super::{
    Adjacency, Charge, Delta, ParameterError, PartitionName, Quote, Remaining, Scope, Statement,
};
use crate::journal::Journal;

/// A privacy budget that is enforced: by all threads, and where it is [opened](Self::open) in a directory, over crashes and
/// restarts.
///
/// The order is always the same. What a release costs is held against the budget; if it fits it is charged, synced to disk,
/// and only then noise is drawn. So a crash in between costs budget and releases nothing. A charge that does not fit costs
/// nothing, says what would fit, and leaves smaller ones possible.
///
/// Whether a charge fits depends on costs, keys and earlier charges, never on what records hold. Nothing is ever paid back:
/// who was forgotten has still been told about.
///
/// Whoever owns the disk can put an older copy of the directory in the place of this one, and spend again what was spent since.
/// Keep the [head](Self::head) elsewhere, as in the audit log, and [give it](LedgerOptions::kept) when the ledger is opened:
/// then it shows.
///
/// ```
/// use portcullis::privacy::{Budget, BudgetPlan, Charge, Count, Delta, Epsilon, Filter, Laplace, Ledger, Noise, Scope};
///
/// # let directory = std::env::temp_dir().join(format!("portcullis-ledger-{}", std::process::id()));
/// # let _ = std::fs::remove_dir_all(&directory);
/// let budget = Budget::within(Filter::Zcdp, Epsilon::new(1.0)?, Delta::default())?;
/// let tickets = "tickets".parse()?;
/// let ledger = Ledger::open(&directory, BudgetPlan::new(budget).partition(tickets, budget))?;
///
/// let mut noise = Noise::new(Laplace::new(Count.l1(), Epsilon::new(0.1)?)?)?;
/// let charge = Charge::new(Scope::Partition(tickets), noise.mechanism().cost());
/// let mut released = 0;
/// while ledger.spend(&charge).is_ok() {
///     noise.release(&Count.l1_of(1234))?;
///     released += 1;
/// }
/// assert_eq!(released, 4);
/// # drop(ledger);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ledger {
    accounts: Mutex<Accounts>,
    file: Option<LedgerFile>,
}

struct LedgerFile {
    journal: Journal,
    /// Who opened it. A forked process would spend what its parent does.
    process: u32,
    /// Changed under the journal's lock, with each record.
    chain: Mutex<Chain>,
    /// As far as records are known to be on disk.
    durable: Mutex<LedgerHead>,
}

impl Ledger {
    /// A ledger that forgets: when it is dropped or the process ends, the next one has all of the budget again, which is then
    /// a promise about this process only. For tests, and for data that the process does not outlive either.
    ///
    /// A process that is forked off has a copy of it, and both spend what is left. [`Noise`](super::Noise) refuses there, but
    /// only such as was there before; to look for a fork with each charge would take longer than charging does.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the plan contradicts itself.
    pub fn that_forgets(plan: BudgetPlan) -> Result<Self, LedgerError> {
        plan.check()?;
        let mut accounts = plan.accounts();
        for partition in plan.partitions() {
            let per_subject = partition.per_subject.as_ref();
            accounts.add_partition(
                partition.name,
                partition.budget.limit(),
                per_subject.map(|budget| budget.limit()),
            );
        }
        Ok(Self::over(accounts, None))
    }

    fn over(accounts: Accounts, file: Option<LedgerFile>) -> Self {
        Self {
            accounts: Mutex::new(accounts),
            file,
        }
    }

    /// Charges releases, if they fit, and returns once that is on disk. Only then may their noise be drawn.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Charge`] where they do not fit: nothing was charged. [`LedgerError::Storage`] where the charge could not
    /// be kept: it may count as spent, and nothing may be released. [`LedgerError::Forked`] in a forked process.
    pub fn spend(&self, charge: &Charge) -> Result<(), LedgerError> {
        self.check_process()?;
        match &self.file {
            None => {
                let mut accounts = self.accounts.lock();
                let approved = accounts.check(charge)?;
                accounts.add(&approved);
                Ok(())
            }
            Some(file) => {
                let charge = || {
                    let mut accounts = self.accounts.lock();
                    let approved = accounts.check(charge)?;
                    accounts.add(&approved);
                    Ok(Record::Charged(approved))
                };
                file.keep(charge)
            }
        }
    }

    /// What charges come to together, if all of them fit, one after another. It charges nothing and is no reservation.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Charge`] for the first that does not fit; [`LedgerError::Forked`] in a forked process.
    pub fn quote(&self, charges: &[Charge]) -> Result<Quote, LedgerError> {
        self.check_process()?;
        Ok(self.accounts.lock().quote(charges)?)
    }

    /// What may still be spent on releases of a scope.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Charge`] where there is no such scope; [`LedgerError::Forked`] in a forked process.
    pub fn remaining(&self, scope: &Scope) -> Result<Remaining, LedgerError> {
        self.check_process()?;
        Ok(self.accounts.lock().remaining(scope)?)
    }

    /// What was spent of a partition's budget, or of the overall one, as an epsilon beside `delta`. `None` where there is no
    /// such partition.
    #[must_use]
    pub fn statement(
        &self,
        of: Option<&PartitionName>,
        delta: Delta,
    ) -> Option<Result<Statement, ParameterError>> {
        self.accounts.lock().statement(of, delta)
    }

    /// The neighbours that its budgets are promised for.
    #[must_use]
    pub fn neighbours(&self) -> Adjacency {
        self.accounts.lock().adjacency()
    }

    /// How many records there are and what they come to, to be kept elsewhere. It covers every charge that has returned, and
    /// none that a crash may still take away. `None` for a ledger that forgets.
    #[must_use]
    pub fn head(&self) -> Option<LedgerHead> {
        self.file.as_ref().map(|file| *file.durable.lock())
    }

    /// Before any lock is taken: another thread of the parent may have held it, and is not here to give it back.
    fn check_process(&self) -> Result<(), LedgerError> {
        match &self.file {
            Some(file) if file.process != process::id() => Err(LedgerError::Forked),
            _ => Ok(()),
        }
    }
}

impl LedgerFile {
    /// All of the chain is on disk.
    fn new(journal: Journal, chain: Chain) -> Self {
        Self {
            journal,
            process: process::id(),
            durable: Mutex::new(chain.head()),
            chain: Mutex::new(chain),
        }
    }

    /// Appends what `make` makes, under the journal's lock, and waits until it is durable.
    fn keep(&self, make: impl FnOnce() -> Result<Record, LedgerError>) -> Result<(), LedgerError> {
        let (seq, head) = self.journal.append_with(record::CHARGED, |_, payload| {
            let record = make()?;
            let bytes = record.encode();
            payload.push(&bytes)?;
            let mut chain = self.chain.lock();
            chain.extend(record.kind(), &bytes);
            Ok::<_, LedgerError>(chain.head())
        })?;
        if !Mutant::ReleaseBeforeCharge.lives() {
            self.journal.sync_through(seq)?;
        }
        let mut durable = self.durable.lock();
        if head.records() > durable.records() {
            *durable = head;
        }
        Ok(())
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("forgets", &self.file.is_none())
            .finish_non_exhaustive()
    }
}
