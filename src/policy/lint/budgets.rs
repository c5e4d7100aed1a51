//! Limits that deny calls which the arguments alone would not: what they count by is not there, or is no amount.

use std::collections::HashSet;

use super::entries::{Entries, Entry};
use super::limits::{has_no_number, stated};
use super::logic::{Conjunction, alternatives, kinds};
use super::notes::Notes;
use super::outline::Spot;
use crate::constraint::{Check, Constraint};
use crate::finding::{Lint, Says};
use crate::json::{Number, Value};
use crate::policy::{LimitKind, LimitRule};
use crate::text::Plain;

pub(super) fn look_at<'p>(entry: &Entry<'p>, entries: &Entries<'p>, notes: &mut Notes<'_>) {
    for limit in stated(entry, entries) {
        if let Some(spot) = limit.spot {
            note_parameters(entry, entries, &limit.rule, spot, notes);
        }
    }
}

fn note_parameters<'p>(
    entry: &Entry<'p>,
    entries: &Entries<'p>,
    rule: &LimitRule,
    spot: Spot<'p>,
    notes: &mut Notes<'_>,
) {
    let required = |entry: &Entry<'p>, name: &str| {
        let field = entry.permission.world().find(name);
        field.is_some_and(|field| !field.optional)
    };
    let mut seen = HashSet::new();
    for name in rule.parameters().filter(|name| seen.insert(*name)) {
        let always_there =
            required(entry, name) || entries.covering(entry).any(|other| required(other, name));
        // Where nothing is said of any parameter, that is the finding.
        if !always_there && entry.permission.allowed_params.is_some() {
            note_optional(entry, rule, name, spot, notes);
        }
    }
    if let LimitKind::Sum { parameter, .. } = &rule.kind
        && let Some(field) = entry.permission.world().find(parameter)
        && let Some(what) = no_amount(&field.constraint)
    {
        note_no_amount(entry, parameter, what, spot, notes);
    }
}

fn note_optional(
    entry: &Entry<'_>,
    rule: &LimitRule,
    name: &str,
    spot: Spot<'_>,
    notes: &mut Notes<'_>,
) {
    let name = Plain(name);
    let code = match rule.kind {
        LimitKind::Calls(_) => "limit",
        LimitKind::Sum { .. } => "budget",
    };
    notes.add(
        Lint::BudgetOnOptional,
        spot,
        Says {
            message: format!(
                "a limit of `{}` counts by `{name}`, which may be absent",
                entry.permission.tool_name
            ),
            why: format!(
                "a call without `{name}` is denied with `{code}`, though its arguments are allowed"
            ),
            instead: format!(
                "make `{name}` a parameter that must be there, or count by something else"
            ),
        },
    );
}

fn note_no_amount(
    entry: &Entry<'_>,
    parameter: &str,
    what: &str,
    spot: Spot<'_>,
    notes: &mut Notes<'_>,
) {
    let (tool, name) = (&entry.permission.tool_name, Plain(parameter));
    let says = Says {
        message: format!("the budget of `{tool}` sums `{name}`, which {what}"),
        why: "a call whose amount is not a number from 0 is denied with `budget`, though its arguments are allowed"
            .to_owned(),
        instead: format!("let `allowed_params` say so: `{name} = {{ min = 0, max = .. }}`"),
    };
    notes.add(Lint::BudgetNotANumber, spot, says);
}

/// What the constraint admits that no budget can sum, if anything, as the end of a sentence.
fn no_amount(constraint: &Constraint) -> Option<&'static str> {
    let admits = |value: &Value| constraint.admits(value.view());
    let alternatives = alternatives(&[constraint])?;
    let other_kinds = [
        Value::Null,
        Value::Bool(true),
        Value::Bool(false),
        Value::from(""),
        Value::from("a"),
        Value::from("1"),
        Value::Array(Vec::new()),
        Value::Object(crate::json::Object::default()),
    ];
    if alternatives.iter().all(has_no_number) {
        return Some("is never a number");
    }
    let of_other_kind =
        |checks: &Conjunction<'_>| has_no_number(checks) && !kinds(checks).is_empty();
    if other_kinds.iter().any(admits)
        || alternatives.iter().any(of_other_kind)
        || listed(&alternatives).any(|value| value.as_number().is_none() && admits(&value))
    {
        return Some("may be something else than a number");
    }
    let negative = |number: &Number| number.is_negative();
    let below = bounds(&alternatives).chain([-1, -2, -1000].map(Number::from));
    let fractions = [-0.5, -1.5, -1e300]
        .into_iter()
        .filter_map(|float| Number::try_from(float).ok());
    let in_list = listed(&alternatives).filter_map(|value| value.as_number());
    below
        .chain(fractions)
        .chain(in_list)
        .filter(negative)
        .any(|number| admits(&Value::Number(number)))
        .then_some("may be below 0")
}

fn listed(alternatives: &[Conjunction<'_>]) -> impl Iterator<Item = Value> {
    alternatives.iter().flatten().flat_map(|check| match check {
        Check::OneOf(values) => values.members().to_vec(),
        _ => Vec::new(),
    })
}

/// The bounds that are written down, and what is half-way from them to 0.
fn bounds(alternatives: &[Conjunction<'_>]) -> impl Iterator<Item = Number> {
    alternatives.iter().flatten().flat_map(|check| {
        let bound = match check {
            Check::Bound(_, bound) => Some(*bound),
            _ => None,
        };
        let half = bound.and_then(|bound| Number::try_from(bound.to_f64_lossy() / 2.0).ok());
        [bound, half].into_iter().flatten()
    })
}
