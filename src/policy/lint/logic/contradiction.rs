//! Constraints that no value can hold to.

use super::implication::all_hold;
use super::normal::{Conjunction, alternatives, candidates, kinds};
use super::world::{Clash, World};
use crate::constraint::{Check, Constraint, Edge, Fields, numbers_are_empty, sizes_are_empty};
use crate::text::Plain;

/// Why no value holds to all of these constraints, where that is certain.
pub(in crate::policy::lint) fn contradiction(constraints: &[&Constraint]) -> Option<String> {
    let alternatives = alternatives(constraints)?;
    let reasons = alternatives
        .iter()
        .map(conflict)
        .collect::<Option<Vec<_>>>()?;
    match <[String; 1]>::try_from(reasons) {
        Ok([reason]) => Some(reason),
        Err(reasons) => {
            let first = reasons.into_iter().next()?;
            Some(format!("no alternative is left: {first}"))
        }
    }
}

fn conflict(checks: &Conjunction<'_>) -> Option<String> {
    conflict_of_kinds(checks)
        .or_else(|| conflict_of_values(checks))
        .or_else(|| conflict_of_sizes(checks))
        .or_else(|| conflict_of_texts(checks))
        .or_else(|| conflict_of_parts(checks))
        .or_else(|| conflict_with_not(checks))
}

fn conflict_of_kinds(checks: &Conjunction<'_>) -> Option<String> {
    if !kinds(checks).is_empty() {
        return None;
    }
    let apart = pairs(checks).find(|(one, other)| {
        one.admitted_kinds()
            .intersection(other.admitted_kinds())
            .is_empty()
    });
    Some(match apart {
        Some((one, other)) => format!(
            "`{}` and `{}` speak of different kinds of value",
            one.key(),
            other.key()
        ),
        None => "no kind of value holds to all of it".to_owned(),
    })
}

fn conflict_of_values(checks: &Conjunction<'_>) -> Option<String> {
    if candidates(checks)?.is_empty() {
        return Some("none of the values that are listed holds to the rest".to_owned());
    }
    None
}

fn conflict_of_sizes(checks: &Conjunction<'_>) -> Option<String> {
    if numbers_are_empty(checks.iter().copied()) {
        return Some("no number is within all bounds".to_owned());
    }
    if sizes_are_empty(checks.iter().copied()) {
        return Some("the smallest size is above the largest".to_owned());
    }
    let most = checks.iter().filter_map(|check| match check {
        Check::Length(Edge::Max, most) => Some(*most),
        _ => None,
    });
    let most = most.min()?;
    let long = checks.iter().find_map(|check| match check {
        Check::Prefix(prefix) if prefix.chars().count() > most => Some(prefix),
        _ => None,
    })?;
    Some(format!(
        "the prefix `{}` is longer than `max_length`",
        Plain(long)
    ))
}

fn conflict_of_texts(checks: &Conjunction<'_>) -> Option<String> {
    pairs(checks).find_map(|(one, other)| {
        let apart = match (beginnings(one), beginnings(other)) {
            (Some(ones), Some(others)) => !ones.iter().any(|one| {
                others
                    .iter()
                    .any(|other| one.starts_with(other) || other.starts_with(one))
            }),
            (Some(ones), None) => cannot_begin(other, &ones),
            (None, Some(others)) => cannot_begin(one, &others),
            (None, None) => match (one.automaton(), other.automaton()) {
                (Some(one), Some(other)) => one.meets(other) == Some(false),
                _ => false,
            },
        };
        apart.then(|| format!("no value is both {one} and {other}"))
    })
}

/// What a string must begin with, one of these, in order to be admitted.
fn beginnings(check: &Check) -> Option<Vec<&str>> {
    match check {
        Check::Prefix(prefix) => Some(vec![prefix.as_str()]),
        Check::Path(roots) => Some(roots.source().iter().map(String::as_str).collect()),
        _ => None,
    }
}

fn cannot_begin(check: &Check, beginnings: &[&str]) -> bool {
    check
        .automaton()
        .is_some_and(|automaton| !beginnings.iter().any(|text| automaton.may_begin(text)))
}

fn conflict_of_parts(checks: &Conjunction<'_>) -> Option<String> {
    let has_elements = checks
        .iter()
        .any(|check| matches!(check, Check::Items(Edge::Min, least) if *least > 0));
    let each: Vec<&Constraint> = checks
        .iter()
        .filter_map(|check| match check {
            Check::Each(constraint) => Some(constraint),
            _ => None,
        })
        .collect();
    if has_elements
        && !each.is_empty()
        && let Some(reason) = contradiction(&each)
    {
        return Some(format!("no element is left: {reason}"));
    }
    let fields: Vec<&Fields> = checks
        .iter()
        .filter_map(|check| match check {
            Check::Fields(fields) => Some(fields),
            _ => None,
        })
        .collect();
    let alone = fields
        .iter()
        .find_map(|fields| World::of(fields).impossible());
    let apart = || pairs(&fields).find_map(|(one, other)| World::of(one).clash(World::of(other)));
    alone.or_else(apart).map(|clash| match clash {
        Clash::Refused { name, .. } => format!(
            "the field `{}` is required and not allowed at once",
            Plain(name)
        ),
        Clash::Impossible { name, why } => {
            format!("the field `{}` can have no value: {why}", Plain(name))
        }
    })
}

fn conflict_with_not(checks: &Conjunction<'_>) -> Option<String> {
    let denied = checks.iter().any(|check| match check {
        Check::Not(inner) => all_hold(checks, inner),
        _ => false,
    });
    denied.then(|| "whatever holds to the rest is what `not` excludes".to_owned())
}

fn pairs<'a, T>(items: &'a [&'a T]) -> impl Iterator<Item = (&'a T, &'a T)> {
    items.iter().enumerate().flat_map(|(index, one)| {
        items
            .iter()
            .skip(index + 1)
            .map(move |other| (*one, *other))
    })
}
