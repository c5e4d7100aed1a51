//! All accounts: one for each partition, and one over all of them.

use super::account::{Account, Column, Short};
use super::amount::{Amount, Spend};
use super::error::{ChargeError, Limit, OverBudget};
use super::filter::{Filter, Measure};
use super::remaining::Remaining;
use super::scope::{Charge, DataSubject, PartitionName, Scope};
use super::statement::Statement;
use crate::privacy::{Adjacency, Delta, ParameterError};

/// The accountant: what may be spent, what is, and whether a charge fits. It holds numbers only, and does nothing with them.
///
/// A charge goes to its partition and to the overall account, or to none. Each takes constant time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::privacy) struct Accounts {
    filter: Filter,
    adjacency: Adjacency,
    overall: Account,
    partitions: Vec<Partition>,
    /// How many subjects may be kept account of, over all partitions, and how many more.
    most_subjects: usize,
    room: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Partition {
    name: PartitionName,
    account: Account,
    /// Partitions that nobody declares any more keep their place and what was spent.
    is_open: bool,
}

/// A charge that fits, to be added while nothing else is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::privacy) struct Approved {
    /// The place of the partition.
    pub(in crate::privacy) partition: u16,
    pub(in crate::privacy) subject: Option<DataSubject>,
    /// For all releases of the charge together.
    pub(in crate::privacy) price: Spend,
}

/// What releases would cost, in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    measure: Measure,
    total: Spend,
}

impl Quote {
    /// The square of mu, or rho, rounded up.
    #[must_use]
    pub const fn loss(&self) -> Amount {
        self.total.loss
    }

    /// What the mechanisms spend of delta by themselves, rounded up.
    #[must_use]
    pub const fn delta(&self) -> Amount {
        self.total.delta
    }

    /// What the loss is measured in.
    #[must_use]
    pub const fn measure(&self) -> Measure {
        self.measure
    }
}

impl Accounts {
    /// More are never needed, and looking for one takes no time that shows.
    pub(in crate::privacy) const MOST_PARTITIONS: usize = 64;

    pub(in crate::privacy) fn new(
        filter: Filter,
        adjacency: Adjacency,
        overall: Spend,
        most_subjects: usize,
    ) -> Self {
        Self {
            filter,
            adjacency,
            overall: Account::new(overall, None),
            partitions: Vec::new(),
            most_subjects,
            room: most_subjects,
        }
    }

    pub(in crate::privacy) const fn filter(&self) -> Filter {
        self.filter
    }

    pub(in crate::privacy) const fn adjacency(&self) -> Adjacency {
        self.adjacency
    }

    /// Whether a charge fits, and what it comes to.
    pub(in crate::privacy) fn check(&self, charge: &Charge) -> Result<Approved, ChargeError> {
        let costs_too_little = self.adjacency == Adjacency::ReplaceOne
            && charge.cost().adjacency() == Adjacency::AddRemove;
        if costs_too_little {
            return Err(ChargeError::OtherNeighbours);
        }
        self.check_price(&charge.scope, charge.price(self.filter))
    }

    pub(super) fn check_price(&self, scope: &Scope, price: Spend) -> Result<Approved, ChargeError> {
        let (index, partition) = self.open(scope.partition())?;
        let subject = scope.subject();
        if let Some(subject) = subject {
            self.check_subject(partition, subject)?;
        }
        let over = |short: Short, limit: Limit| self.over_budget(&short, limit);
        let name = partition.name;
        partition.account.check(subject, price).map_err(|short| {
            let limit = match short.of_own {
                true => Limit::Subject(name),
                false => Limit::Partition(name),
            };
            over(short, limit)
        })?;
        self.overall
            .check(subject, price)
            .map_err(|short| over(short, Limit::Overall))?;
        Ok(Approved {
            partition: index,
            subject: subject.copied(),
            price,
        })
    }

    /// Adds what was checked, or what is on record. Whether there is such a partition.
    pub(in crate::privacy) fn add(&mut self, approved: &Approved) -> bool {
        let subject = approved.subject.as_ref();
        let place = usize::from(approved.partition);
        let Some(partition) = self.partitions.get_mut(place) else {
            return false;
        };
        if subject.is_some_and(|subject| !partition.account.knows(subject)) {
            self.room = self.room.saturating_sub(1);
        }
        partition.account.add(subject, approved.price);
        self.overall.add(subject, approved.price);
        true
    }

    /// What charges come to together, where all of them fit, one after another.
    pub(in crate::privacy) fn quote(&self, charges: &[Charge]) -> Result<Quote, ChargeError> {
        let mut total = Spend::default();
        let mut draft = self.excerpt(charges);
        for charge in charges {
            let approved = draft.check(charge)?;
            draft.add(&approved);
            total = total.plus(approved.price);
        }
        Ok(Quote {
            measure: self.filter.measure(),
            total,
        })
    }

    pub(in crate::privacy) fn remaining(&self, scope: &Scope) -> Result<Remaining, ChargeError> {
        let (_, partition) = self.open(scope.partition())?;
        let subject = scope.subject();
        if let Some(subject) = subject {
            self.check_subject(partition, subject)?;
        }
        let in_partition = partition.account.remaining(subject);
        let left = in_partition.min(self.overall.remaining(subject));
        Ok(Remaining::new(self.filter, left))
    }

    /// What was spent of a partition's budget, or of the overall one.
    pub(in crate::privacy) fn statement(
        &self,
        of: Option<&PartitionName>,
        delta: Delta,
    ) -> Option<Result<Statement, ParameterError>> {
        let account = match of {
            Some(name) => &self.partition(name)?.account,
            None => &self.overall,
        };
        let (spent, budget) = (account.spent(None), account.budget());
        Some(Statement::new(self.filter, spent, budget, delta))
    }

    fn open(&self, name: &PartitionName) -> Result<(u16, &Partition), ChargeError> {
        (0..)
            .zip(&self.partitions)
            .find(|(_, partition)| partition.name == *name && partition.is_open)
            .ok_or(ChargeError::UnknownPartition { partition: *name })
    }

    fn check_subject(
        &self,
        partition: &Partition,
        subject: &DataSubject,
    ) -> Result<(), ChargeError> {
        if partition.account.per_subject().is_none() {
            let partition = partition.name;
            return Err(ChargeError::NoOwnReleases { partition });
        }
        if self.room == 0 && !partition.account.knows(subject) {
            let most = self.most_subjects;
            return Err(ChargeError::TooManySubjects { most });
        }
        Ok(())
    }

    fn over_budget(&self, short: &Short, limit: Limit) -> OverBudget {
        OverBudget {
            limit,
            measure: match short.column {
                Column::Loss => self.filter.measure(),
                Column::Delta => Measure::Delta,
            },
            requested: short.requested,
            spent: short.spent,
            remaining: short.remaining,
        }
    }

    /// As much of it as these charges can make a difference to.
    fn excerpt(&self, charges: &[Charge]) -> Self {
        let excerpt = |account: &Account| {
            let subjects = charges.iter().filter_map(|charge| charge.scope.subject());
            account.excerpt(subjects)
        };
        Self {
            overall: excerpt(&self.overall),
            partitions: self
                .partitions
                .iter()
                .map(|partition| Partition {
                    account: excerpt(&partition.account),
                    ..*partition
                })
                .collect(),
            ..*self
        }
    }
}

/// Budgets, and who may change them.
impl Accounts {
    /// Opens a partition behind those that are there.
    pub(in crate::privacy) fn add_partition(
        &mut self,
        name: PartitionName,
        budget: Spend,
        per_subject: Option<Spend>,
    ) {
        self.partitions.push(Partition {
            name,
            account: Account::new(budget, per_subject),
            is_open: true,
        });
    }

    /// The names of all partitions, in their places.
    pub(in crate::privacy) fn names(&self) -> impl Iterator<Item = &PartitionName> {
        self.partitions.iter().map(|partition| &partition.name)
    }

    /// Keeps open those of the partitions that are declared.
    pub(in crate::privacy) fn open_only(&mut self, declared: impl Fn(&PartitionName) -> bool) {
        for partition in &mut self.partitions {
            partition.is_open = declared(&partition.name);
        }
    }

    /// The budget behind a limit; `None` where there is none.
    pub(in crate::privacy) fn budget(&self, limit: &Limit) -> Option<Spend> {
        match limit {
            Limit::Overall => Some(self.overall.budget()),
            Limit::Partition(name) => Some(self.partition(name)?.account.budget()),
            Limit::Subject(name) => self.partition(name)?.account.per_subject(),
        }
    }

    /// Sets a budget. Whether there is such an account.
    pub(in crate::privacy) fn set_budget(&mut self, limit: &Limit, budget: Spend) -> bool {
        let account = match limit {
            Limit::Overall => Some(&mut self.overall),
            Limit::Partition(name) | Limit::Subject(name) => self
                .partitions
                .iter_mut()
                .find(|partition| partition.name == *name)
                .map(|partition| &mut partition.account),
        };
        let Some(account) = account else { return false };
        match limit {
            Limit::Overall | Limit::Partition(_) => account.set_budget(budget),
            Limit::Subject(_) => account.set_per_subject(Some(budget)),
        }
        true
    }

    /// Counts every budget as spent.
    pub(in crate::privacy) fn exhaust(&mut self) {
        self.overall.exhaust();
        for partition in &mut self.partitions {
            partition.account.exhaust();
        }
    }

    fn partition(&self, name: &PartitionName) -> Option<&Partition> {
        self.partitions
            .iter()
            .find(|partition| partition.name == *name)
    }
}
