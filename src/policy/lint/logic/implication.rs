//! Constraints that hold wherever another one does.

use super::normal::{alternatives, candidates, kinds};
use super::world::World;
use crate::constraint::{Answer, Bound, Check, Constraint, Edge};
use crate::json::Number;

/// Whether it is certain that every value that `stricter` admits, `wider` admits too.
pub(super) fn implies(stricter: &Constraint, wider: &Constraint) -> bool {
    stricter == wider
        || alternatives(&[stricter])
            .is_some_and(|alternatives| alternatives.iter().all(|known| all_hold(known, wider)))
}

/// Whether it is certain that what holds to all of the known checks holds to `wider`.
pub(super) fn all_hold(known: &[&Check], wider: &Constraint) -> bool {
    wider.checks().iter().all(|check| holds(known, check))
}

fn holds(known: &[&Check], check: &Check) -> bool {
    if known.contains(&check) {
        return true;
    }
    if let Some(values) = candidates(known) {
        return values
            .iter()
            .all(|value| check.answer(value.view()) == Answer::Match);
    }
    match check {
        Check::Any => true,
        Check::AllOf(all) => all.iter().all(|one| all_hold(known, one)),
        Check::AnyOf(any) => any.iter().any(|one| all_hold(known, one)),
        Check::Type(_) => kinds(known).is_within(check.admitted_kinds()),
        check => known.iter().any(|known| alone_implies(known, check)),
    }
}

/// One check of the same sort that is at least as strict.
fn alone_implies(known: &Check, check: &Check) -> bool {
    match (known, check) {
        (Check::Bound(known, from), Check::Bound(bound, to)) => {
            bound_implies((*known, *from), (*bound, *to))
        }
        (Check::Length(known, from), Check::Length(edge, to))
        | (Check::Items(known, from), Check::Items(edge, to)) => match (known, edge) {
            (Edge::Min, Edge::Min) => from >= to,
            (Edge::Max, Edge::Max) => from <= to,
            _ => false,
        },
        (Check::Prefix(known), Check::Prefix(prefix)) => known.starts_with(prefix.as_str()),
        (Check::Path(known), Check::Path(roots)) => {
            known.source().iter().all(|root| roots.covers(root))
        }
        (Check::Each(known), Check::Each(element)) => implies(known, element),
        (Check::Fields(known), Check::Fields(fields)) => {
            World::of(known).is_within(World::of(fields))
        }
        (known, check) => match (known.automaton(), check.automaton()) {
            (Some(stricter), Some(wider)) => {
                (known.admits_only_plain_paths() || !check.admits_only_plain_paths())
                    && stricter.within(wider) == Some(true)
            }
            _ => false,
        },
    }
}

fn bound_implies((known, from): (Bound, Number), (bound, to): (Bound, Number)) -> bool {
    let order = from.compare(to);
    match (known, bound) {
        (Bound::Min | Bound::Above, Bound::Min) | (Bound::Above, Bound::Above) => order.is_ge(),
        (Bound::Min, Bound::Above) => order.is_gt(),
        (Bound::Max | Bound::Below, Bound::Max) | (Bound::Below, Bound::Below) => order.is_le(),
        (Bound::Max, Bound::Below) => order.is_lt(),
        _ => false,
    }
}
