//! Constraints as alternatives of checks that must all hold.

use crate::constraint::{Answer, Check, Constraint, Kinds};
use crate::json::{Kind, Value};

/// Checks that must all hold. More than 64 are cut off: a value that holds to all of them holds to the first 64.
pub(in crate::policy::lint) type Conjunction<'c> = Vec<&'c Check>;

/// More alternatives than these are not told apart.
const MOST_ALTERNATIVES: usize = 64;
const MOST_CHECKS: usize = 64;

/// The alternatives of which a value must hold to one in order to hold to all constraints; `None` if they are too many.
pub(in crate::policy::lint) fn alternatives<'c>(
    constraints: &[&'c Constraint],
) -> Option<Vec<Conjunction<'c>>> {
    constraints
        .iter()
        .try_fold(vec![Conjunction::new()], |so_far, constraint| {
            and(so_far, constraint)
        })
}

fn and<'c>(
    so_far: Vec<Conjunction<'c>>,
    constraint: &'c Constraint,
) -> Option<Vec<Conjunction<'c>>> {
    constraint
        .checks()
        .iter()
        .try_fold(so_far, |mut so_far, check| match check {
            Check::AllOf(all) => all.iter().try_fold(so_far, and),
            Check::AnyOf(any) => any.iter().try_fold(Vec::new(), |mut branches, one| {
                branches.extend(and(so_far.clone(), one)?);
                (branches.len() <= MOST_ALTERNATIVES).then_some(branches)
            }),
            check => {
                for conjunction in &mut so_far {
                    if conjunction.len() < MOST_CHECKS {
                        conjunction.push(check);
                    }
                }
                Some(so_far)
            }
        })
}

/// The kinds outside which no value holds to all checks.
pub(in crate::policy::lint) fn kinds(checks: &[&Check]) -> Kinds {
    checks.iter().fold(Kinds::ALL, |kinds, check| {
        kinds.intersection(check.admitted_kinds())
    })
}

/// The values that hold to all checks, if only a few that are written down, or of kinds with few values, can.
pub(in crate::policy::lint) fn candidates(checks: &[&Check]) -> Option<Vec<Value>> {
    let listed = checks.iter().find_map(|check| match check {
        Check::OneOf(values) => Some(values.members()),
        _ => None,
    });
    let few = [Value::Null, Value::Bool(true), Value::Bool(false)];
    let possible = match listed {
        Some(members) => members,
        None if kinds(checks).is_within(Kinds::of([Kind::Null, Kind::Boolean])) => &few,
        None => return None,
    };
    let admitted = |value: &&Value| {
        checks
            .iter()
            .all(|check| check.answer(value.view()) == Answer::Match)
    };
    Some(possible.iter().filter(admitted).cloned().collect())
}
