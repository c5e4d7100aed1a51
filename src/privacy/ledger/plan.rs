//! What a ledger is to hold everyone to.

use super::LedgerError;
use crate::privacy::accountant::Accounts;
use crate::privacy::{Adjacency, Budget, Filter, Limit, PartitionName};

/// The budgets of a ledger: one over everything, and one for each partition.
///
/// All are in the terms of one [`Filter`]. Budgets of partitions may add up to more than the overall one, which then ends them
/// all.
///
/// ```
/// use portcullis::privacy::{Budget, BudgetPlan, Delta, Epsilon, Filter};
///
/// let budget = |epsilon| Budget::within(Filter::Zcdp, Epsilon::new(epsilon)?, Delta::default());
/// let plan = BudgetPlan::new(budget(3.0)?)
///     .partition("tickets".parse()?, budget(2.0)?)
///     .partition_of_subjects("profiles".parse()?, budget(2.0)?, budget(1.0)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct BudgetPlan {
    overall: Budget,
    adjacency: Adjacency,
    partitions: Vec<PlannedPartition>,
    most_subjects: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlannedPartition {
    pub(super) name: PartitionName,
    pub(super) budget: Budget,
    pub(super) per_subject: Option<Budget>,
}

impl BudgetPlan {
    /// Subjects of which account is kept, where nothing else is said.
    const MOST_SUBJECTS: usize = 1 << 16;

    /// The budget over everything, and no partition yet.
    pub fn new(overall: Budget) -> Self {
        Self {
            overall,
            adjacency: Adjacency::ReplaceOne,
            partitions: Vec::new(),
            most_subjects: Self::MOST_SUBJECTS,
        }
    }

    /// The neighbours that the budget is promised for; those by [`Adjacency::ReplaceOne`] where nothing is said. Such a budget
    /// takes no cost that holds for [`Adjacency::AddRemove`] only. One for these takes both: what hides which value a record
    /// has, in anything that is released here, hides whether it is there at no higher cost.
    pub fn neighbours(mut self, adjacency: Adjacency) -> Self {
        self.adjacency = adjacency;
        self
    }

    /// A partition of which only aggregates are released.
    pub fn partition(self, name: PartitionName, budget: Budget) -> Self {
        self.with(name, budget, None)
    }

    /// A partition of which a subject's own record may be released too, for `per_subject` each and within `budget`.
    pub fn partition_of_subjects(
        self,
        name: PartitionName,
        budget: Budget,
        per_subject: Budget,
    ) -> Self {
        self.with(name, budget, Some(per_subject))
    }

    fn with(mut self, name: PartitionName, budget: Budget, per_subject: Option<Budget>) -> Self {
        self.partitions.push(PlannedPartition {
            name,
            budget,
            per_subject,
        });
        self
    }

    /// How many subjects can have releases of their own record, counted in each partition; 65,536 where nothing is said. It
    /// takes about 250 bytes of memory each, for good: nothing that was spent is forgotten.
    pub fn most_subjects(mut self, most: usize) -> Self {
        self.most_subjects = most;
        self
    }

    pub(super) const fn filter(&self) -> Filter {
        self.overall.filter()
    }

    pub(super) const fn adjacency(&self) -> Adjacency {
        self.adjacency
    }

    pub(super) const fn overall(&self) -> &Budget {
        &self.overall
    }

    pub(super) fn partitions(&self) -> &[PlannedPartition] {
        &self.partitions
    }

    /// Accounts in which nothing is spent and no partition open.
    pub(super) fn accounts(&self) -> Accounts {
        let overall = self.overall.limit();
        Accounts::new(self.filter(), self.adjacency, overall, self.most_subjects)
    }

    pub(super) fn check(&self) -> Result<(), LedgerError> {
        let most = Accounts::MOST_PARTITIONS;
        if self.partitions.len() > most {
            return Err(LedgerError::TooManyPartitions { most });
        }
        for (index, partition) in self.partitions.iter().enumerate() {
            let PlannedPartition {
                name,
                budget,
                per_subject,
            } = partition;
            if self
                .partitions
                .iter()
                .skip(index + 1)
                .any(|it| it.name == *name)
            {
                return Err(LedgerError::PartitionTwice { partition: *name });
            }
            let is_other = |budget: &Budget| budget.filter() != self.filter();
            if is_other(budget) || per_subject.as_ref().is_some_and(is_other) {
                let limit = Limit::Partition(*name);
                return Err(LedgerError::OtherFilter {
                    limit,
                    wanted: self.filter(),
                });
            }
        }
        Ok(())
    }
}
