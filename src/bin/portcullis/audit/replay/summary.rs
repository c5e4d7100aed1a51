//! What a replay comes to.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Finding;
use super::recorded::{Recorded, Skipped};
use super::rerun::{Doubts, verdict};

/// Counts of the decisions that the options name, and what they are worth.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    decisions: u64,
    /// Of them, made under the given policies.
    same_policies: u64,
    same: u64,
    differ: u64,
    /// Of them, made under the given policies: only where limits are in doubt.
    differ_under_same_policies: u64,
    /// Those that differ, by what was decided then and now.
    changes: BTreeMap<String, u64>,
    not_replayed: BTreeMap<Skipped, u64>,
    limits_in_doubt: Doubts,
}

impl Summary {
    pub(super) fn count(&mut self, recorded: Option<Recorded<'_>>, finding: &Finding) {
        let same_policies = recorded.is_some_and(|recorded| recorded.same_policies);
        self.decisions += 1;
        self.same_policies += u64::from(same_policies);
        match (finding, recorded) {
            (Finding::Skipped(why), _) => *self.not_replayed.entry(*why).or_default() += 1,
            (Finding::Decided(answer), Some(recorded)) if finding.differs_from(Some(recorded)) => {
                self.differ += 1;
                self.differ_under_same_policies += u64::from(same_policies);
                let change = format!("{} -> {}", recorded.verdict, verdict(answer));
                *self.changes.entry(change).or_default() += 1;
            }
            (Finding::Decided(_), _) => self.same += 1,
        }
    }

    pub(super) fn doubt(&mut self, doubts: Doubts) {
        self.limits_in_doubt = doubts;
    }

    pub(super) fn has_differences(&self) -> bool {
        self.differ > 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, same) = (self.decisions, self.same_policies);
        let others = all - same;
        writeln!(
            f,
            "{all} decisions: {same} under these policies, {others} under others"
        )?;
        writeln!(f, "{} as recorded, {} differ", self.same, self.differ)?;
        lines(f, &self.changes, |change| change)?;
        if self.differ_under_same_policies > 0 {
            writeln!(
                f,
                "{} of them differ under the very policies that decided them",
                self.differ_under_same_policies
            )?;
        }
        let not_replayed: u64 = self.not_replayed.values().sum();
        if not_replayed > 0 {
            writeln!(f, "{not_replayed} not replayed")?;
        }
        lines(f, &self.not_replayed, |why| why.why())?;
        write!(f, "{}", self.limits_in_doubt)?;
        writeln!(f, "nothing was verified: `audit verify` does that")
    }
}

/// A line for each count.
fn lines<'c, T>(
    f: &mut fmt::Formatter<'_>,
    counts: &'c BTreeMap<T, u64>,
    name: impl Fn(&'c T) -> &'c str,
) -> fmt::Result {
    counts
        .iter()
        .try_for_each(|(what, count)| writeln!(f, "{count:>9} {}", name(what)))
}

impl fmt::Display for Doubts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = [
            (
                self.not_replayed,
                "calls that may have counted were not replayed",
            ),
            (
                self.other_guards,
                "guards began while another may have gone on",
            ),
            (
                self.not_followed,
                "calls waited to run when too many did, and count whatever became of them",
            ),
        ];
        let mut why = why.iter().filter(|(count, _)| *count > 0).peekable();
        if why.peek().is_some() {
            writeln!(f, "limits and budgets are approximate")?;
        }
        why.try_for_each(|(count, why)| writeln!(f, "{count:>9} {why}"))
    }
}
