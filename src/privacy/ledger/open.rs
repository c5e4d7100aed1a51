//! Opening a ledger: what is on record, and how that goes with the plan.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use super::head::{Chain, LedgerHead};
use super::record::{LONGEST, Record};
use super::{BudgetPlan, Ledger, LedgerError, LedgerFile, RaisedBudget, loss};
use crate::digest::random_bytes;
use crate::journal::{Directory, Files, Frame, Journal, OpenOptions, Purpose, Recovered};
use crate::privacy::accountant::{Accounts, Spend};
use crate::privacy::{Amount, Budget, Limit, PartitionName};

const PURPOSE: Purpose = Purpose::new(b"privacy ledger");

/// How a ledger is opened.
#[derive(Clone, Debug)]
#[must_use]
pub struct LedgerOptions {
    plan: BudgetPlan,
    kept: Vec<LedgerHead>,
    accepts_loss: bool,
    pub(super) journal: OpenOptions,
}

impl Ledger {
    /// Opens the ledger in a directory, which is created if it is not there. [`LedgerOptions`] says more.
    ///
    /// # Errors
    ///
    /// As for [`LedgerOptions::open`].
    pub fn open(directory: impl AsRef<Path>, plan: BudgetPlan) -> Result<Self, LedgerError> {
        LedgerOptions::new(plan).open(directory)
    }
}

impl LedgerOptions {
    /// A ledger that holds everyone to these budgets.
    pub fn new(plan: BudgetPlan) -> Self {
        Self {
            plan,
            kept: Vec::new(),
            accepts_loss: false,
            journal: OpenOptions::new(PURPOSE).max_payload(LONGEST),
        }
    }

    /// A head that was kept elsewhere, out of which the ledger must have grown. May be repeated.
    pub fn kept(mut self, head: LedgerHead) -> Self {
        self.kept.push(head);
        self
    }

    /// Goes on with a ledger whose end is torn or has a hole, as a crash of the machine may leave it. What was lost may have
    /// been charges, so every budget counts as spent from then on, for good. For an operator who has looked at the refusal; a
    /// ledger that is whole opens as ever.
    ///
    /// A process that dies while it creates a ledger may leave one that is torn and out of which nothing was ever spent. Whoever
    /// knows that to be so can delete it instead.
    pub fn accept_loss(mut self) -> Self {
        self.accepts_loss = true;
        self
    }

    /// Opens the ledger in a directory, which is created if it is not there.
    ///
    /// Budgets that are smaller than those on record are lowered, on record; one that is larger by more than rounding (one part
    /// in 2^40) is an error. Partitions that the plan does not name are closed, and keep what was spent of them. Filters cannot
    /// be changed.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]: the plan contradicts itself or what is on record, another writer has the ledger open, it is torn or
    /// damaged, it has not grown out of what was kept of it, or the system refuses. Unless it is the system, nothing is changed.
    pub fn open(self, directory: impl AsRef<Path>) -> Result<Ledger, LedgerError> {
        self.open_in(Arc::new(Directory::create(directory.as_ref())?))
    }

    /// As [`open`](Self::open), over any files.
    pub(super) fn open_in(self, files: Arc<dyn Files>) -> Result<Ledger, LedgerError> {
        self.plan.check()?;
        let replay = RefCell::new(Replay::new(&self.plan, &self.kept));
        let options = self.journal.clone().accept_loss(self.accepts_loss);
        let (journal, _) = options.open_asking(
            Arc::clone(&files),
            |frame| replay.borrow_mut().frame(&frame),
            |torn| self.consent(&replay.borrow(), &*files, torn),
        )?;
        let Replay {
            mut accounts,
            mut chain,
            ..
        } = replay.into_inner();
        let mut news = Vec::new();
        if chain.head().records() == 0 {
            news.push(self.first()?);
        }
        news.extend(reconcile(&self.plan, &mut accounts)?);
        let is_lost = loss::is_noted(&*files)?;
        if is_lost {
            accounts.exhaust();
            news.push(Record::Exhausted);
        }
        write(&journal, &mut chain, &news)?;
        if is_lost {
            loss::settle(&*files)?;
        }
        accounts.open_only(|name| self.plan.partitions().iter().any(|it| it.name == *name));
        Ok(Ledger::over(
            accounts,
            Some(LedgerFile::new(journal, chain)),
        ))
    }

    fn first(&self) -> Result<Record, LedgerError> {
        Ok(Record::Opened {
            filter: self.plan.filter(),
            adjacency: self.plan.adjacency(),
            random: random_bytes()?,
            overall: self.plan.overall().limit(),
        })
    }

    /// Whether to go on, before anything is changed on disk.
    fn consent(
        &self,
        replay: &Replay<'_>,
        files: &dyn Files,
        torn: Option<&Recovered>,
    ) -> Result<(), LedgerError> {
        replay.check_all_kept()?;
        reconcile(&self.plan, &mut replay.accounts.clone())?;
        match torn {
            None => Ok(()),
            Some(_) if self.accepts_loss => Ok(loss::note(files)?),
            Some(torn) => Err(LedgerError::Torn {
                file: torn.segment.clone(),
                offset: torn.offset,
                bytes: torn.bytes,
            }),
        }
    }
}

/// What is on record, read again in its order.
struct Replay<'p> {
    plan: &'p BudgetPlan,
    kept: &'p [LedgerHead],
    accounts: Accounts,
    chain: Chain,
}

impl<'p> Replay<'p> {
    fn new(plan: &'p BudgetPlan, kept: &'p [LedgerHead]) -> Self {
        Self {
            plan,
            kept,
            accounts: plan.accounts(),
            chain: Chain::new(),
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), LedgerError> {
        let Some(record) = Record::decode(frame.kind, frame.payload) else {
            return Err(LedgerError::damaged(
                frame.seq,
                "is none that a ledger writes",
            ));
        };
        self.chain.extend(frame.kind, frame.payload);
        self.check_kept()?;
        self.record(frame.seq, record)
    }

    fn record(&mut self, seq: u64, record: Record) -> Result<(), LedgerError> {
        let is_first = matches!(record, Record::Opened { .. });
        if is_first != (seq == 0) {
            return Err(LedgerError::damaged(seq, "is out of its place"));
        }
        let is_possible = match record {
            Record::Opened {
                filter,
                adjacency,
                overall,
                ..
            } => {
                if filter != self.plan.filter() {
                    let (limit, wanted) = (Limit::Overall, filter);
                    return Err(LedgerError::OtherFilter { limit, wanted });
                }
                if adjacency != self.plan.adjacency() {
                    return Err(LedgerError::OtherNeighbours { wanted: adjacency });
                }
                self.accounts.set_budget(&Limit::Overall, overall)
            }
            Record::Partition {
                name,
                budget,
                per_subject,
            } => {
                let is_new = self.accounts.names().all(|known| *known != name);
                let is_one_of_few = self.accounts.names().count() < Accounts::MOST_PARTITIONS;
                self.accounts.add_partition(name, budget, per_subject);
                is_new && is_one_of_few
            }
            Record::Charged(approved) => self.accounts.add(&approved),
            Record::Lowered { limit, budget } => {
                let before = self.accounts.budget(&limit);
                before.is_some_and(|before| is_within(budget, before))
                    && self.accounts.set_budget(&limit, budget)
            }
            Record::Exhausted => {
                self.accounts.exhaust();
                true
            }
        };
        match is_possible {
            true => Ok(()),
            false => Err(LedgerError::damaged(seq, "contradicts those before it")),
        }
    }

    fn check_kept(&self) -> Result<(), LedgerError> {
        let head = self.chain.head();
        let is_other = |kept: &&LedgerHead| kept.records() == head.records() && **kept != head;
        match self.kept.iter().find(is_other) {
            Some(kept) => Err(not_grown(kept)),
            None => Ok(()),
        }
    }

    fn check_all_kept(&self) -> Result<(), LedgerError> {
        let records = self.chain.head().records();
        match self.kept.iter().find(|kept| kept.records() > records) {
            Some(kept) => Err(not_grown(kept)),
            None => Ok(()),
        }
    }
}

fn not_grown(kept: &LedgerHead) -> LedgerError {
    LedgerError::NotGrown {
        records: kept.records(),
    }
}

/// Brings the accounts to what the plan says, as far as that is allowed: what is to be put on record.
fn reconcile(plan: &BudgetPlan, accounts: &mut Accounts) -> Result<Vec<Record>, LedgerError> {
    let mut records = Vec::new();
    let news = &mut records;
    lower(accounts, Limit::Overall, plan.overall(), news)?;
    for partition in plan.partitions() {
        let (name, per_subject) = (partition.name, partition.per_subject);
        if accounts.names().any(|known| *known == name) {
            lower(accounts, Limit::Partition(name), &partition.budget, news)?;
            lower_per_subject(accounts, name, per_subject, news)?;
            continue;
        }
        let most = Accounts::MOST_PARTITIONS;
        if accounts.names().count() >= most {
            return Err(LedgerError::TooManyPartitions { most });
        }
        let budget = partition.budget.limit();
        let per_subject = per_subject.map(|budget| budget.limit());
        accounts.add_partition(name, budget, per_subject);
        news.push(Record::Partition {
            name,
            budget,
            per_subject,
        });
    }
    Ok(records)
}

fn lower_per_subject(
    accounts: &mut Accounts,
    name: PartitionName,
    wanted: Option<Budget>,
    news: &mut Vec<Record>,
) -> Result<(), LedgerError> {
    let limit = Limit::Subject(name);
    let nothing = Budget::of(accounts.filter(), Spend::default());
    match (accounts.budget(&limit), wanted) {
        (None, None) => Ok(()),
        (None, Some(wanted)) => Err(raised(limit, nothing, wanted)),
        (Some(_), wanted) => lower(accounts, limit, &wanted.unwrap_or(nothing), news),
    }
}

fn lower(
    accounts: &mut Accounts,
    limit: Limit,
    wanted: &Budget,
    news: &mut Vec<Record>,
) -> Result<(), LedgerError> {
    let recorded = accounts.budget(&limit).unwrap_or_default();
    let budget = wanted.limit().min(recorded);
    if !is_within(wanted.limit(), with_rounding(recorded)) {
        let recorded = Budget::of(accounts.filter(), recorded);
        return Err(raised(limit, recorded, *wanted));
    }
    if budget != recorded {
        accounts.set_budget(&limit, budget);
        news.push(Record::Lowered { limit, budget });
    }
    Ok(())
}

fn raised(limit: Limit, recorded: Budget, wanted: Budget) -> LedgerError {
    LedgerError::Raised(Box::new(RaisedBudget {
        limit,
        recorded,
        wanted,
    }))
}

fn is_within(budget: Spend, limit: Spend) -> bool {
    budget.loss <= limit.loss && budget.delta <= limit.delta
}

/// The same epsilon and delta may come to another last digit on another system. That is no raise; the smaller one holds.
fn with_rounding(recorded: Spend) -> Spend {
    recorded.plus(Spend {
        loss: Amount::from_units(recorded.loss.units() >> 40),
        delta: Amount::from_units(recorded.delta.units() >> 40),
    })
}

fn write(journal: &Journal, chain: &mut Chain, news: &[Record]) -> Result<(), LedgerError> {
    for record in news {
        let bytes = record.encode();
        journal.append(record.kind(), &bytes)?;
        chain.extend(record.kind(), &bytes);
    }
    Ok(journal.sync()?)
}
