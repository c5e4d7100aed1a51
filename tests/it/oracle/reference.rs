//! The policy format once more, as plainly as it can be said: straight from the specification, over
//! `serde_json` values, without a line of the crate.
//!
//! It takes for granted that the documents are well-formed policies; whether they are is for the crate to say.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Number, Value};

use super::pattern;

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) agent: String,
    pub(crate) user: Option<String>,
    pub(crate) task: Option<String>,
}

/// What the specification says to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    Allow,
    Ask,
    /// Any of these codes: where several rules are broken, it does not say which comes first.
    Deny(BTreeSet<&'static str>),
}

/// `None` if a policy uses a part of the format that the reference does not know.
pub(crate) fn rule(
    policies: &[Value],
    who: &Who,
    tool: &str,
    args: &Map<String, Value>,
) -> Option<Ruling> {
    let of = |key: &'static str, name: &str| -> Vec<&Value> {
        policies
            .iter()
            .filter(|policy| policy[key].as_str() == Some(name))
            .collect()
    };
    let named = [
        ("agent_id", Some(&who.agent)),
        ("user_id", who.user.as_ref()),
        ("task_id", who.task.as_ref()),
    ];
    let mut applying = Vec::new();
    for (key, name) in named {
        if let Some(name) = name {
            let found = of(key, name);
            if found.is_empty() {
                return Some(deny("identity"));
            }
            applying.extend(found);
        }
    }
    if who.user.is_none() && applying.iter().any(|policy| policy["require_user"] == true) {
        return Some(deny("identity"));
    }
    let mut speaking = Vec::new();
    for policy in applying {
        let permissions = policy["permissions"].as_array()?;
        let before = speaking.len();
        speaking.extend(permissions.iter().filter(|one| {
            one["tool_name"]
                .as_str()
                .is_some_and(|name| names(name, tool))
        }));
        if speaking.len() == before {
            return Some(deny("unknown_tool"));
        }
    }
    let mut broken = BTreeSet::new();
    for permission in &speaking {
        broken.extend(check_arguments(permission, args)?);
    }
    Some(if !broken.is_empty() {
        Ruling::Deny(broken)
    } else if speaking
        .iter()
        .any(|permission| permission["requires_human_approval"] == true)
    {
        Ruling::Ask
    } else {
        Ruling::Allow
    })
}

fn deny(code: &'static str) -> Ruling {
    Ruling::Deny(BTreeSet::from([code]))
}

/// `*` stands for any run of characters.
pub(crate) fn names(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| names(after, rest)))
        }),
    }
}

/// Every code under which the permission objects.
fn check_arguments(
    permission: &Value,
    args: &Map<String, Value>,
) -> Option<BTreeSet<&'static str>> {
    let mut broken = BTreeSet::new();
    let Some(params) = permission.get("allowed_params") else {
        return Some(broken);
    };
    let params = params.as_object()?;
    for (name, constraint) in params {
        match args.get(name) {
            Some(value) if answer(constraint, value)? == Answer::Match => {}
            Some(_) => drop(broken.insert("constraint")),
            None if constraint["optional"] == true => {}
            None => drop(broken.insert("missing_parameter")),
        }
    }
    let open = permission
        .get("other_params")
        .is_some_and(|other| other == "allow");
    if !open && args.keys().any(|name| !params.contains_key(name)) {
        broken.insert("unexpected_parameter");
    }
    Some(broken)
}

/// What a constraint says of one value, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    Match,
    NoMatch,
    /// The constraint does not speak of such values.
    OtherKind,
    /// It does, but this one cannot be judged.
    Refuse,
}

use Answer::{Match, NoMatch, OtherKind, Refuse};

fn yes(fits: bool) -> Answer {
    if fits { Match } else { NoMatch }
}

/// What a constraint, as documents write it, says of a value.
pub(crate) fn answer(constraint: &Value, value: &Value) -> Option<Answer> {
    if let Value::Array(members) = constraint {
        return Some(one_of(members, value));
    }
    let mut worst = Match;
    for (key, what) in constraint.as_object()? {
        if key != "optional" {
            worst = worst.max(check(key, what, value)?);
        }
    }
    Some(worst)
}

fn check(key: &str, what: &Value, value: &Value) -> Option<Answer> {
    let string =
        |fits: &dyn Fn(&str) -> Option<Answer>| value.as_str().map_or(Some(OtherKind), fits);
    let number = |fits: &dyn Fn(Ordering) -> bool| -> Option<Answer> {
        let limit = what.as_number()?;
        Some(
            value
                .as_number()
                .map_or(OtherKind, |number| yes(fits(compare(number, limit)))),
        )
    };
    let size = |of: Option<usize>, fits: &dyn Fn(u64, u64) -> bool| -> Option<Answer> {
        let limit = what.as_u64()?;
        Some(of.map_or(OtherKind, |size| yes(fits(size as u64, limit))))
    };
    let characters = value.as_str().map(|text| text.chars().count());
    let elements = value.as_array().map(Vec::len);
    match key {
        "any" => Some(Match),
        "one_of" => Some(one_of(what.as_array()?, value)),
        "type" => Some(yes(match what.as_str()? {
            "number" => value.is_number(),
            word => kind(value) == word,
        })),
        "min" => number(&|order| order.is_ge()),
        "max" => number(&|order| order.is_le()),
        "above" => number(&|order| order.is_gt()),
        "below" => number(&|order| order.is_lt()),
        "pattern" => string(&|text| {
            Some(yes(pattern::matches(
                &pattern::parse(what.as_str()?)?,
                text,
            )))
        }),
        "prefix" => string(&|text| Some(yes(text.starts_with(what.as_str()?)))),
        "glob" => string(&|text| Some(glob(what.as_str()?, text))),
        "path" => string(&|text| Some(path(what.as_array()?, text))),
        "min_length" => size(characters, &|size, limit| size >= limit),
        "max_length" => size(characters, &|size, limit| size <= limit),
        "min_items" => size(elements, &|size, limit| size >= limit),
        "max_items" => size(elements, &|size, limit| size <= limit),
        "each" => each(what, value),
        "fields" => fields(what.as_object()?, value),
        "all_of" => all(what.as_array()?.iter().map(|one| answer(one, value))),
        "any_of" => any(what.as_array()?.iter().map(|one| answer(one, value))),
        "not" => Some(match answer(what, value)? {
            Match => NoMatch,
            NoMatch => Match,
            unjudged => unjudged,
        }),
        _ => None,
    }
}

fn all(answers: impl Iterator<Item = Option<Answer>>) -> Option<Answer> {
    answers
        .collect::<Option<Vec<_>>>()
        .map(|answers| answers.into_iter().max().unwrap_or(Match))
}

/// One match is enough. Otherwise one that could not judge the value decides, then one that did.
fn any(answers: impl Iterator<Item = Option<Answer>>) -> Option<Answer> {
    let answers = answers.collect::<Option<Vec<_>>>()?;
    Some(
        [Match, Refuse, NoMatch]
            .into_iter()
            .find(|one| answers.contains(one))
            .unwrap_or(OtherKind),
    )
}

/// A part of another kind makes the whole one that cannot be judged.
fn part(answer: Answer) -> Answer {
    if answer == OtherKind { Refuse } else { answer }
}

fn each(constraint: &Value, value: &Value) -> Option<Answer> {
    let Some(elements) = value.as_array() else {
        return Some(OtherKind);
    };
    all(elements
        .iter()
        .map(|element| answer(constraint, element).map(part)))
}

fn fields(fields: &Map<String, Value>, value: &Value) -> Option<Answer> {
    let Some(object) = value.as_object() else {
        return Some(OtherKind);
    };
    let named = all(fields
        .iter()
        .map(|(name, constraint)| match object.get(name) {
            Some(value) => answer(constraint, value).map(part),
            None if constraint["optional"] == true => Some(Match),
            None => Some(Refuse),
        }))?;
    let closed = object.keys().all(|name| fields.contains_key(name));
    Some(if closed { named } else { Refuse })
}

fn one_of(members: &[Value], value: &Value) -> Answer {
    if members.iter().any(|member| same(member, value)) {
        return Match;
    }
    if members.iter().any(|member| kind(member) == kind(value)) {
        NoMatch
    } else {
        OtherKind
    }
}

/// Integers and floats are kinds of their own.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Equal by kind and value; `-0.0` is not `0.0`.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            a.is_f64() && b.is_f64() && a.as_f64().map(f64::to_bits) == b.as_f64().map(f64::to_bits)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// The order of the numbers themselves.
fn compare(a: &Number, b: &Number) -> Ordering {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => compare_mixed(a, float(b)),
        (None, Some(b)) => compare_mixed(b, float(a)).reverse(),
        (None, None) => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal),
    }
}

fn integer(number: &Number) -> Option<i128> {
    if number.is_f64() {
        None
    } else {
        number.as_i128()
    }
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Scales both sides by the power of two that makes the float an integer.
fn compare_mixed(integer: i128, float: f64) -> Ordering {
    let bits = float.to_bits();
    let exponent = i64::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
    let fraction = i128::from(bits & ((1 << 52) - 1));
    let (mantissa, exponent) = if exponent == 0 {
        (fraction, -1074)
    } else {
        (fraction | 1 << 52, exponent - 1075)
    };
    let mantissa = if float.is_sign_negative() {
        -mantissa
    } else {
        mantissa
    };
    match exponent {
        // Beyond any 64 bits.
        60.. => 0.cmp(&mantissa),
        0..60 => integer.cmp(&(mantissa << exponent)),
        -60..0 => (integer << -exponent).cmp(&mantissa),
        // Below 1/128 in size.
        _ if integer == 0 => 0.cmp(&mantissa),
        _ => integer.cmp(&0),
    }
}

fn glob(glob: &str, text: &str) -> Answer {
    if glob.contains('/') && !is_plain(text) {
        return Refuse;
    }
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    yes(glob_matches(&glob, &text, true, &mut HashSet::new()))
}

/// `failed` remembers what was tried in vain.
fn glob_matches(
    glob: &[char],
    text: &[char],
    starts_segment: bool,
    failed: &mut HashSet<(usize, usize)>,
) -> bool {
    if failed.contains(&(glob.len(), text.len())) {
        return false;
    }
    let found = match glob {
        [] => text.is_empty(),
        ['*', '*', '/', rest @ ..] if starts_segment => {
            glob_matches(rest, text, true, failed)
                || (0..text.len())
                    .any(|at| text[at] == '/' && glob_matches(rest, &text[at + 1..], true, failed))
        }
        ['*', '*', rest @ ..] => {
            (0..=text.len()).any(|at| glob_matches(rest, &text[at..], false, failed))
        }
        ['*', rest @ ..] => (0..=text.len())
            .take_while(|at| !text[..*at].contains(&'/'))
            .any(|at| glob_matches(rest, &text[at..], false, failed)),
        [c, rest @ ..] => {
            text.first() == Some(c) && glob_matches(rest, &text[1..], *c == '/', failed)
        }
    };
    if !found {
        failed.insert((glob.len(), text.len()));
    }
    found
}

fn path(roots: &[Value], text: &str) -> Answer {
    if !text.starts_with('/') || !is_plain(text) {
        return Refuse;
    }
    let under = |root: &str| root == "/" || text == root || text.starts_with(&format!("{root}/"));
    yes(roots.iter().filter_map(Value::as_str).any(under))
}

/// No empty, `.` or `..` segment, no NUL and no backslash.
fn is_plain(text: &str) -> bool {
    let relative = text.strip_prefix('/').unwrap_or(text);
    let odd = |segment: &str| segment.is_empty() || segment == "." || segment == "..";
    text == "/" || !(relative.split('/').any(odd) || text.contains('\0') || text.contains('\\'))
}
