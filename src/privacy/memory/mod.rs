//! What an agent remembers, and what may be told of it.

mod answer;
mod column;
mod dangerous;
mod embedding;
mod error;
mod feasibility;
mod file;
mod key;
mod plan;
mod protection;
mod records;
mod release;
mod retrieve;
mod search;
mod sources;
#[cfg(test)]
pub(super) mod tests;
mod which;

use std::fmt;
use std::process;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

pub use answer::Answer;
pub use dangerous::{Dangerous, Guess};
pub use embedding::Embedding;
pub use error::MemoryError;
pub use feasibility::{Feasibility, Task, feasibility};
pub use key::RecordKey;
pub use plan::{MemoryPlan, PartitionPlan};
pub use protection::Protection;
pub use which::Which;

use self::records::Records;
use self::sources::Sources;
use super::{
    Adjacency, Charge, ChargeError, Cost, DataSubject, Ledger, LedgerError, PartitionName, Scope,
};

/// The most candidates that one choice is among.
pub(super) const MOST_CANDIDATES: usize = 4096;

/// What an agent remembers: embeddings, in partitions by class of data, each with a [`Protection`] of its own.
///
/// **What is protected** is the content of records: vectors and labels. Keys, subjects, how many records there are and which
/// questions were asked are public. The unit is the subject: all records that a partition keeps about one person are hidden
/// together, whatever their number, which is [bounded](PartitionPlan::most_of_subject). Neighbours are those by
/// [`Adjacency::ReplaceOne`].
///
/// **How.** Each release from a `Central` partition is charged in the [`Ledger`], and the charge is synced, before its noise is
/// drawn; then it is answered. Whether it is refused depends on costs, keys and earlier charges, never on content: questions are
/// checked before they are charged, and what is left to fail after that is the source of randomness.
///
/// **What works.** One record out of many, found by what it says, cannot be told privately: with `n` records that are drawn alike
/// and keys that say nothing of them, no mechanism finds the right one with a probability above `e^epsilon / n + delta`. What works at an epsilon of 0.3 to 3 are answers about many
/// records: [`vote`](Self::vote), [`count`](Self::count), [`histogram`](Self::histogram), [`sum`](Self::sum),
/// [`select`](Self::select). [`feasibility`](feasibility()) says what to expect before anything is spent.
///
/// **Behind the gate.** Asking is a tool call like any other: put [`#[guard]`](crate::guard) on the function that asks. Its policy
/// bounds the epsilon of one call, `epsilon = { above = 0, max = 0.5 }`, and caps that of a session, `budgets = [{ sum =
/// "epsilon", at_most = 1.5, per = "24h", by = ["session"] }]`, for sessions that end within that time. An [`Answer`] serialises
/// with its cost, so that goes on record with the result of the call.
///
/// **What it does not cover.** How long a search or a choice takes depends on the records, so those whom they are protected from
/// must not time it; [`draw_ahead`](Self::draw_ahead) takes the drawing of noise out of that time. Swapped memory, crash dumps
/// and copies of the machine are out of reach.
///
/// ```
/// use portcullis::privacy::{
///     AgentMemory, Budget, BudgetPlan, DataSubject, Delta, Embedding, Epsilon, Filter, Ledger, MemoryPlan, PartitionPlan,
/// };
///
/// let tickets = "tickets".parse()?;
/// let budget = Budget::within(Filter::Zcdp, Epsilon::new(3.0)?, Delta::default())?;
/// let ledger = Ledger::that_forgets(BudgetPlan::new(budget).partition(tickets, budget))?;
/// let plan = PartitionPlan::central(2, 1.0)?.labels(["billing", "login"])?;
/// let memory = AgentMemory::new(MemoryPlan::new().partition(tickets, plan), ledger)?;
///
/// for (number, vector) in [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]].iter().enumerate() {
///     let label = if vector[0] > vector[1] { "billing" } else { "login" };
///     let subject = DataSubject::new(&format!("user-{number}"));
///     let ticket = Embedding::new(vector).about(subject).labelled(label);
///     memory.store_embedding(&tickets, format!("ticket-{number}").parse()?, ticket)?;
/// }
/// let topic = memory.vote(&tickets, &[1.0, 0.0], 2, Epsilon::new(1.0)?)?;
/// println!("most likely about {}, at a cost of {:?}", topic.value(), topic.charge());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AgentMemory {
    ledger: Arc<Ledger>,
    partitions: Vec<Partition>,
    sources: Sources,
    /// Held while it is saved: who saves to a file removes what others have begun to write beside it.
    saving: Mutex<()>,
    /// Who made it. A forked process would release what its parent does.
    process: u32,
}

struct Partition {
    name: PartitionName,
    plan: PartitionPlan,
    records: RwLock<Records>,
    /// Held while a record of its own is told, so that two who ask for the same do not pay twice.
    telling: Mutex<()>,
}

impl AgentMemory {
    /// A memory without records, whose releases a ledger charges.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the plan contradicts itself, or the ledger has no budget for a protected partition, or one that is
    /// promised for [`Adjacency::AddRemove`]: that there is a record, is public here. A `WriteTime`
    /// partition needs one for releases of a subject's own record
    /// ([`partition_of_subjects`](super::BudgetPlan::partition_of_subjects)).
    pub fn new(plan: MemoryPlan, ledger: impl Into<Arc<Ledger>>) -> Result<Self, MemoryError> {
        plan.check()?;
        let ledger = ledger.into();
        for (name, plan) in plan.partitions() {
            check_budget(&ledger, name, plan.protection())?;
        }
        let partitions = plan.partitions().iter().cloned();
        Ok(Self {
            ledger,
            partitions: partitions.map(Partition::new).collect(),
            sources: Sources::new(),
            saving: Mutex::new(()),
            process: process::id(),
        })
    }

    /// How many records a partition has, which is public.
    ///
    /// # Errors
    ///
    /// [`MemoryError::UnknownPartition`]; [`MemoryError::Forked`] in a forked process.
    pub fn records(&self, partition: &PartitionName) -> Result<usize, MemoryError> {
        Ok(self.partition(partition)?.records.read().len())
    }

    /// The ledger that releases are charged in.
    #[must_use]
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Draws noise for further releases like the last ones. To be called when nobody waits for an answer: then the next such
    /// release adds noise in a time that does not depend on it.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Forked`] in a forked process; [`MemoryError::Mechanism`] where the source of randomness is broken.
    pub fn draw_ahead(&self) -> Result<(), MemoryError> {
        self.check_process()?;
        Ok(self.sources.draw_ahead()?)
    }

    /// Erases all records about a subject, in every partition, and what was told of them: how many there were.
    ///
    /// When this returns they are no longer in memory, and in no answer that is begun then; one about a single record that was begun
    /// before is not given. A record that another thread is storing meanwhile may come after. What its releases have cost the
    /// subject stays spent.
    /// Files whose saving was begun before have it still: save again, to all of them.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Forked`] in a forked process.
    pub fn forget(&self, subject: &DataSubject) -> Result<usize, MemoryError> {
        self.check_process()?;
        let forget = |partition: &Partition| partition.records.write().forget(subject);
        Ok(self.partitions.iter().map(forget).sum())
    }

    /// Erases one record.
    ///
    /// # Errors
    ///
    /// [`MemoryError::UnknownRecord`], [`MemoryError::UnknownPartition`]; [`MemoryError::Forked`] in a forked process.
    pub fn remove(&self, partition: &PartitionName, key: &RecordKey) -> Result<(), MemoryError> {
        self.partition(partition)?.records.write().take_out(key)
    }

    fn partition(&self, name: &PartitionName) -> Result<&Partition, MemoryError> {
        self.check_process()?;
        let found = self.partitions.iter().find(|it| it.name == *name);
        found.ok_or(MemoryError::UnknownPartition { partition: *name })
    }

    /// Before any lock is taken: another thread of the parent may have held it.
    fn check_process(&self) -> Result<(), MemoryError> {
        match self.process == process::id() {
            true => Ok(()),
            false => Err(MemoryError::Forked),
        }
    }

    /// Charges a release, and returns once that is kept. Only then may noise be drawn.
    fn charge(&self, scope: Scope, cost: Cost) -> Result<Charge, MemoryError> {
        let charge = Charge::new(scope, cost);
        self.ledger.spend(&charge)?;
        Ok(charge)
    }
}

impl Partition {
    fn new((name, plan): (PartitionName, PartitionPlan)) -> Self {
        Self {
            name,
            records: RwLock::new(Records::new(&plan)),
            plan,
            telling: Mutex::new(()),
        }
    }

    fn other_protection(&self) -> MemoryError {
        MemoryError::OtherProtection {
            partition: self.name,
            protection: self.plan.protection(),
        }
    }
}

fn check_budget(
    ledger: &Ledger,
    name: &PartitionName,
    protection: Protection,
) -> Result<(), MemoryError> {
    let scope = match protection {
        Protection::None => return Ok(()),
        Protection::WriteTime => Scope::Subject(*name, DataSubject::new("")),
        Protection::Central => Scope::Partition(*name),
    };
    match ledger.remaining(&scope) {
        // There are budgets for subjects, if none for a new one. What is stored can be read all the same.
        Ok(_) | Err(LedgerError::Charge(ChargeError::TooManySubjects { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    match ledger.neighbours() {
        Adjacency::ReplaceOne => Ok(()),
        // Such a budget hides that a record is there, and here that is public.
        wanted => Err(LedgerError::OtherNeighbours { wanted }.into()),
    }
}

impl fmt::Debug for AgentMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.partitions.iter().map(|partition| partition.name);
        f.debug_struct("AgentMemory")
            .field("partitions", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
