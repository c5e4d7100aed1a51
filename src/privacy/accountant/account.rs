//! One account: a budget, and what of it each subject has lost.

use std::collections::HashMap;

use super::amount::{Amount, Spend};
use super::scope::DataSubject;

/// What one partition, or all of them, may lose and has lost.
///
/// **Invariant.** For each subject, what aggregates have cost and what releases of its own record have cost is within the
/// budget together, unless that was lowered. So an aggregate must leave room for whoever has lost most by its own releases;
/// that is known from keys and costs, which are public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    budget: Spend,
    /// What each subject may lose by releases of its own record, where there are such.
    per_subject: Option<Spend>,
    /// By releases that are made from everyone's records.
    aggregates: Spend,
    /// By releases of one's own record. Nothing is ever taken out.
    own: HashMap<DataSubject, Spend>,
    /// The largest of these, in each column.
    most_own: Spend,
}

/// Why a charge does not fit.
pub(super) struct Short {
    /// Whether it is the limit on a subject's own releases that stands in the way.
    pub(super) of_own: bool,
    pub(super) column: Column,
    pub(super) requested: Amount,
    pub(super) spent: Amount,
    pub(super) remaining: Amount,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Loss,
    Delta,
}

impl Account {
    pub(super) fn new(budget: Spend, per_subject: Option<Spend>) -> Self {
        Self {
            budget,
            per_subject,
            aggregates: Spend::default(),
            own: HashMap::new(),
            most_own: Spend::default(),
        }
    }

    pub(super) fn check(&self, subject: Option<&DataSubject>, price: Spend) -> Result<(), Short> {
        fits(price, self.spent(subject), self.budget, false)?;
        match (subject, self.per_subject) {
            (Some(subject), Some(limit)) => fits(price, self.spent_alone(subject), limit, true),
            _ => Ok(()),
        }
    }

    /// Adds what was checked, or what is on record.
    pub(super) fn add(&mut self, subject: Option<&DataSubject>, price: Spend) {
        let Some(subject) = subject else {
            self.aggregates = self.aggregates.plus(price);
            return;
        };
        let own = self.own.entry(*subject).or_default();
        *own = own.plus(price);
        self.most_own = self.most_own.max(*own);
    }

    /// What a subject has lost in all; where none is named, what any one has lost at most.
    pub(super) fn spent(&self, subject: Option<&DataSubject>) -> Spend {
        let own = subject.map_or(self.most_own, |subject| self.spent_alone(subject));
        self.aggregates.plus(own)
    }

    fn spent_alone(&self, subject: &DataSubject) -> Spend {
        self.own.get(subject).copied().unwrap_or_default()
    }

    pub(super) fn remaining(&self, subject: Option<&DataSubject>) -> Spend {
        let remaining = self.budget.minus(self.spent(subject));
        match (subject, self.per_subject) {
            (Some(subject), Some(limit)) => remaining.min(limit.minus(self.spent_alone(subject))),
            _ => remaining,
        }
    }

    /// Counts all of the budget as spent.
    pub(super) fn exhaust(&mut self) {
        self.aggregates = self.aggregates.max(self.budget);
    }

    pub(super) fn knows(&self, subject: &DataSubject) -> bool {
        self.own.contains_key(subject)
    }

    pub(super) const fn budget(&self) -> Spend {
        self.budget
    }

    pub(super) const fn per_subject(&self) -> Option<Spend> {
        self.per_subject
    }

    pub(super) const fn set_budget(&mut self, budget: Spend) {
        self.budget = budget;
    }

    pub(super) const fn set_per_subject(&mut self, limit: Option<Spend>) {
        self.per_subject = limit;
    }

    /// The same account, as far as these subjects and everyone together are concerned.
    pub(super) fn excerpt<'s>(&self, subjects: impl Iterator<Item = &'s DataSubject>) -> Self {
        let known = |subject: &'s DataSubject| Some((*subject, *self.own.get(subject)?));
        Self {
            own: subjects.filter_map(known).collect(),
            ..*self
        }
    }
}

fn fits(price: Spend, spent: Spend, limit: Spend, of_own: bool) -> Result<(), Short> {
    let columns = [
        (Column::Loss, price.loss, spent.loss, limit.loss),
        (Column::Delta, price.delta, spent.delta, limit.delta),
    ];
    for (column, requested, spent, limit) in columns {
        let total = spent.plus(requested);
        if total.is_none_or(|total| total > limit) {
            return Err(Short {
                of_own,
                column,
                requested,
                spent,
                remaining: limit.minus(spent),
            });
        }
    }
    Ok(())
}
