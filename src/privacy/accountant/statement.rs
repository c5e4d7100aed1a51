//! What was spent, for people.

use std::fmt;

use super::amount::Spend;
use super::filter::Filter;
use crate::privacy::{Delta, Epsilon, ParameterError};

/// What was spent of a budget, both converted to an epsilon beside the same delta.
///
/// The promise is the budget's, which was there before the first release. What is spent is a measure of how far one has
/// come, and no promise of its own: where one goes on or stops in view of the answers, the filter only vouches for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    spent: Epsilon,
    budget: Epsilon,
    delta: Delta,
}

impl Statement {
    pub(super) fn new(
        filter: Filter,
        spent: Spend,
        budget: Spend,
        delta: Delta,
    ) -> Result<Self, ParameterError> {
        Ok(Self {
            spent: filter.epsilon(spent, delta)?,
            budget: filter.epsilon(budget, delta)?,
            delta,
        })
    }

    /// What was spent, rounded up.
    #[must_use]
    pub const fn spent(&self) -> Epsilon {
        self.spent
    }

    /// What is promised in all, rounded up.
    #[must_use]
    pub const fn budget(&self) -> Epsilon {
        self.budget
    }

    /// The delta that both are beside.
    #[must_use]
    pub const fn delta(&self) -> Delta {
        self.delta
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (spent, budget, delta) = (self.spent, self.budget, self.delta);
        write!(
            f,
            "spent epsilon {spent} of the budget of {budget}, at delta {delta}"
        )
    }
}
