//! Limits that never bind.

use std::time::Duration;

use super::entries::{Entries, Entry};
use super::logic::{Conjunction, World, alternatives, candidates, kinds};
use super::notes::Notes;
use super::outline::Spot;
use crate::constraint::{Bound, Check, Kinds};
use crate::finding::{Lint, Says};
use crate::json::{Kind, Number, Value};
use crate::policy::{KeyPart, LimitKind, LimitRule};

/// A limit counts exactly up to so many calls; beyond, calls are forgotten late by up to a 2048th of the window.
const COUNTED_EXACTLY: u64 = 4096;
const LATE_BY: u128 = 2048;

/// A limit of a permission, as written or by default.
pub(super) struct Stated<'n> {
    pub(super) rule: LimitRule,
    /// `None` for the default.
    pub(super) spot: Option<Spot<'n>>,
}

pub(super) fn look_at<'p>(entry: &Entry<'p>, entries: &Entries<'p>, notes: &mut Notes<'_>) {
    let stated = stated(entry, entries);
    for (index, limit) in stated.iter().enumerate() {
        let Some(spot) = limit.spot else { continue };
        note_if_idle(entry, entries, (&stated, index), spot, notes);
    }
}

/// In the order of [`LimitRule`]s in a permission: by the minute, then by calls, then by sums.
pub(super) fn stated<'p>(entry: &Entry<'p>, entries: &Entries<'p>) -> Vec<Stated<'p>> {
    let permission = entry.permission;
    let (mut calls, mut sums) = (0, 0);
    let mut of_minute = permission.limit_rules(entries.principal).count() > permission.limits.len();
    let place = |rule: LimitRule| {
        let spot = if std::mem::take(&mut of_minute) {
            permission
                .max_calls_per_minute
                .map(|_| entry.spot.name("max_calls_per_minute"))
        } else {
            let (key, index) = match rule.kind {
                LimitKind::Calls(_) => ("limits", &mut calls),
                LimitKind::Sum { .. } => ("budgets", &mut sums),
            };
            let spot = entry.spot.key(key).element(*index);
            *index += 1;
            Some(spot)
        };
        Stated { rule, spot }
    };
    permission
        .limit_rules(entries.principal)
        .map(place)
        .collect()
}

/// Why a limit never binds.
enum Idle<'s, 'n> {
    /// This one is always reached first.
    Behind(&'s Stated<'n>),
    /// So many calls of at most so much each never spend the budget.
    Unspendable(&'s Stated<'n>, u64),
    /// No amount above 0 is allowed.
    OnlyZero,
}

fn note_if_idle<'p>(
    entry: &Entry<'p>,
    entries: &Entries<'p>,
    (stated, index): (&[Stated<'p>], usize),
    spot: Spot<'p>,
    notes: &mut Notes<'_>,
) {
    let Some(limit) = stated.get(index) else {
        return;
    };
    let Some(idle) = idle(entry, entries, stated, index) else {
        return;
    };
    let (why, instead) = match idle {
        Idle::Behind(first) if first.spot.is_none() => (
            format!(
                "where an agent's permission does not say `max_calls_per_minute` it has a limit of {}, which is always \
                 reached first",
                first.rule
            ),
            "write `max_calls_per_minute` too, as high as this limit means",
        ),
        Idle::Behind(first) => (
            format!("the limit of {} is always reached first", first.rule),
            match first.rule.by == limit.rule.by {
                true => "make it the stricter one, or leave it out",
                false => {
                    "make it the stricter one, or leave it out, which lets calls pass that lack a part of its key"
                }
            },
        ),
        Idle::Unspendable(calls, most) => (
            format!("{} of at most {most} each never come to more", calls.rule),
            "make it the stricter one, or leave it out",
        ),
        Idle::OnlyZero => (
            "no amount above 0 is allowed, so nothing is ever spent".to_owned(),
            "allow amounts above 0, or leave it out",
        ),
    };
    let tool = entry.permission.tool_name();
    let says = Says {
        message: format!("the limit of {} on `{tool}` never binds", limit.rule),
        why,
        instead: instead.to_owned(),
    };
    notes.add(Lint::LimitNeverBinds, spot, says);
}

fn idle<'s, 'n>(
    entry: &Entry<'n>,
    entries: &Entries<'n>,
    stated: &'s [Stated<'n>],
    index: usize,
) -> Option<Idle<'s, 'n>> {
    let limit = &stated.get(index)?.rule;
    let key = |rule: &LimitRule| -> Vec<KeyPart> {
        let parts = rule.key_parts(entries.principal, entry.permission);
        parts.cloned().collect()
    };
    // What counts by fewer parts counts all that is counted by more of them, and perhaps other calls besides.
    let counts_all_of =
        |one: &LimitRule, other: &LimitRule| key(one).iter().all(|part| key(other).contains(part));
    let is_first = |strict: &LimitRule, loose: &LimitRule| {
        counts_all_of(strict, loose) && binds_first(strict, loose, key(strict) == key(loose))
    };
    let first = stated.iter().enumerate().find(|(other, stricter)| {
        // Of two that say the same, the later is the one too many.
        *other != index
            && is_first(&stricter.rule, limit)
            && (*other < index || !is_first(limit, &stricter.rule))
    });
    if let Some((_, first)) = first {
        return Some(Idle::Behind(first));
    }
    let LimitKind::Sum { parameter, .. } = &limit.kind else {
        return None;
    };
    let most = largest(entry.permission.world(), parameter)?;
    if most == 0 {
        return Some(Idle::OnlyZero);
    }
    let mut others = stated.iter();
    let calls = others.find(|calls| {
        counts_all_of(&calls.rule, limit) && calls_cannot_spend(&calls.rule, limit, most)
    })?;
    Some(Idle::Unspendable(calls, most))
}

/// Whether calls that `strict` lets pass can never be too many for `loose`, where `strict` counts all that `loose` does.
/// `alike`: both count the very same calls.
pub(super) fn binds_first(strict: &LimitRule, loose: &LimitRule, alike: bool) -> bool {
    match (&strict.kind, &loose.kind) {
        (LimitKind::Calls(few), LimitKind::Calls(many)) => {
            let exact = many.get() <= COUNTED_EXACTLY || alike && strict.per == loose.per;
            let most = u128::from(few.get()).saturating_mul(windows(strict.per, loose.per, exact));
            most <= u128::from(many.get())
        }
        (
            LimitKind::Sum { parameter, at_most },
            LimitKind::Sum {
                parameter: other,
                at_most: more,
            },
        ) if parameter == other => {
            match windows(strict.per, loose.per, alike && strict.per == loose.per) {
                1 => at_most.compare(*more).is_le(),
                windows => match (at_most.as_u64(), more.as_u64()) {
                    (Some(few), Some(many)) => {
                        u128::from(few).saturating_mul(windows) <= many.into()
                    }
                    _ => false,
                },
            }
        }
        _ => false,
    }
}

/// Whether so many calls, none with more than `most`, can never spend a budget.
fn calls_cannot_spend(calls: &LimitRule, budget: &LimitRule, most: u64) -> bool {
    match (&calls.kind, &budget.kind) {
        (LimitKind::Calls(calls_in), LimitKind::Sum { at_most, .. }) => {
            let calls =
                u128::from(calls_in.get()).saturating_mul(windows(calls.per, budget.per, false));
            let whole = at_most.as_u64().map(u128::from);
            whole.is_some_and(|at_most| calls.saturating_mul(most.into()) <= at_most)
        }
        _ => false,
    }
}

/// How many short windows cover a long one.
fn windows(short: Duration, long: Duration, exact: bool) -> u128 {
    let long = match exact {
        true => long.as_nanos(),
        false => long
            .as_nanos()
            .saturating_add(long.as_nanos().div_ceil(LATE_BY)),
    };
    long.div_ceil(short.as_nanos().max(1))
}

/// A whole number that no amount in the parameter is above.
fn largest(world: World<'_>, parameter: &str) -> Option<u64> {
    let field = world.find(parameter)?;
    let alternatives = alternatives(&[&field.constraint])?;
    if alternatives.iter().all(has_no_number) {
        // Nothing is spent since nothing is allowed, which is another matter.
        return None;
    }
    alternatives
        .iter()
        .map(largest_in)
        .try_fold(0, |most, next| Some(most.max(next?)))
}

fn largest_in(checks: &Conjunction<'_>) -> Option<u64> {
    if has_no_number(checks) {
        return Some(0);
    }
    if let Some(values) = candidates(checks) {
        let mut amounts = values.iter().filter_map(Value::as_number).map(whole_above);
        return amounts.try_fold(0, |most, next| Some(most.max(next?)));
    }
    let bounds = checks.iter().filter_map(|check| match check {
        Check::Bound(Bound::Max | Bound::Below, most) => whole_above(*most),
        _ => None,
    });
    bounds.min()
}

/// The least whole number from 0 that is not below; `None` if it is not known exactly.
fn whole_above(number: Number) -> Option<u64> {
    const EXACT_IN_A_FLOAT: f64 = 9_007_199_254_740_992.0;
    if number.is_negative() {
        return Some(0);
    }
    match number.as_f64() {
        Some(float) if float <= EXACT_IN_A_FLOAT => Some(float.ceil() as u64),
        Some(_) => None,
        None => number.as_u64(),
    }
}

pub(super) fn has_no_number(checks: &Conjunction<'_>) -> bool {
    let numbers = Kinds::of([Kind::Integer, Kind::Float]);
    kinds(checks).intersection(numbers).is_empty()
}
