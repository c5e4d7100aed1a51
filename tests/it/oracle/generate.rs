//! Policies over a small alphabet, so that calls over the same alphabet often hit.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

pub(crate) const TOOLS: [&str; 6] = ["a", "a/x", "a/y", "ab", "b.z", "c"];
const TOOL_PATTERNS: [&str; 13] = [
    "a", "a/x", "a/y", "ab", "b.z", "c", "*", "a*", "a/*", "*z", "*a*", "**", "a*/*",
];
const PARAMS: [&str; 5] = ["p", "q", "r", "P", ""];
const FIELDS: [&str; 3] = ["x", "y", "X"];
pub(crate) const AGENTS: [&str; 2] = ["spiffe://d/a", "spiffe://d/a/b"];
pub(crate) const USERS: [&str; 2] = ["ann", "Ann"];
pub(crate) const TASKS: [&str; 2] = ["t1", "t2"];
const PATTERNS: [&str; 20] = [
    "[A-Z]{1,5}",
    "a|ab",
    "(a|ab)(c|bcd)?",
    ".*",
    ".+",
    "a$",
    "^a",
    "(?i)ab+",
    "[^a]",
    "[^a-c]*",
    "\\d+",
    "\\w{2,3}",
    "\\D",
    "(a*)*b",
    "a{2}",
    "(|a)b",
    "a.c",
    "\\.\\.",
    "(ab?){0,3}",
    "\\s*a",
];
const PREFIXES: [&str; 6] = ["a", "gs://b/", "/w", "e", "A", "\n"];
const GLOBS: [&str; 16] = [
    "*",
    "**",
    "a*",
    "*a",
    "reports/*.csv",
    "r/**",
    "**/a",
    "/w/*",
    "/w/**/a",
    "a/**/b",
    "/**",
    "a**b",
    "*.a",
    "**/*",
    "/",
    "w*x/y",
];
const ROOTS: [&str; 5] = ["/w", "/w/x", "/", "/..a", "/é"];
const TYPES: [&str; 7] = [
    "string", "integer", "number", "boolean", "array", "object", "null",
];
pub(super) const TEXTS: [&str; 52] = [
    "",
    "a",
    "A",
    "ab",
    "AB",
    "Ab",
    "abc",
    "abbcd",
    "aa",
    "aaa",
    "b",
    "c",
    "abab",
    "a\n",
    "\na",
    "a\nc",
    "a\0",
    "\0",
    "é",
    "e\u{301}",
    "а",
    "ａ",
    "1",
    "12",
    "1.0",
    "true",
    "null",
    "..",
    ".",
    "/",
    "//",
    "/w",
    "/w/",
    "/w/x",
    "/w/x/y",
    "/wx",
    "/w/../e",
    "/w/./x",
    "/w//x",
    "/w\\x",
    "/w\0x",
    "w/x",
    "/W",
    "/..a",
    "reports/q.csv",
    "reports/a/q.csv",
    "reports/../q.csv",
    "reports/.csv",
    "r/",
    "r/a/b",
    "gs://b/c",
    "gs://B/c",
];

/// Whole numbers and floats at the edges of every kind.
pub(crate) fn numbers() -> Vec<Value> {
    vec![
        json!(i64::MIN),
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(10),
        json!(9_007_199_254_740_992_u64),
        json!(9_007_199_254_740_993_u64),
        json!(i64::MAX),
        json!(9_223_372_036_854_775_808_u64),
        json!(u64::MAX),
        json!(-0.0),
        json!(0.0),
        json!(0.5),
        json!(1.0),
        json!(1.5),
        json!(2.0),
        json!(100.0),
        json!(-1e-300),
        json!(5e-324),
        json!(9_007_199_254_740_992.0),
        json!(9_223_372_036_854_775_808.0),
        json!(1e20),
        json!(-1e308),
    ]
}

/// Values of every kind that have gone wrong somewhere.
pub(crate) fn values() -> Vec<Value> {
    let mut values = numbers();
    values.extend(TEXTS.iter().map(|text| json!(text)));
    values.push(json!("x".repeat(300)));
    values.extend([
        json!(null),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
        json!([1]),
        json!([1.0]),
        json!(["a"]),
        json!([["a"]]),
        json!([null]),
        json!(["a", 1]),
        json!(["a", "b", "c"]),
        json!({"x": 1}),
        json!({"x": "a"}),
        json!({"x": 1, "y": 2}),
        json!({"x": null}),
        json!({"X": 1}),
        json!({"x": [1]}),
        json!({"x": {"x": 1}}),
        json!([{"x": 1}]),
        json!({"": 1}),
    ]);
    values
}

fn number() -> impl Strategy<Value = Value> {
    select(numbers())
}

/// Two numbers, the first not above the second. Distinct as numbers, so that every pair of bounds leaves something.
fn bounds() -> impl Strategy<Value = (Value, Value)> {
    let pairs = vec![
        (json!(0), json!(10)),
        (json!(1), json!(50)),
        (json!(-1), json!(1.5)),
        (json!(0.0), json!(1)),
        (
            json!(9_007_199_254_740_992_u64),
            json!(9_007_199_254_740_993_u64),
        ),
        (json!(1.0), json!(2)),
        (json!(i64::MAX), json!(9_223_372_036_854_775_808.0)),
        (json!(i64::MIN), json!(u64::MAX)),
    ];
    select(pairs)
}

fn leaf() -> impl Strategy<Value = Value> {
    let value = || select(values());
    prop_oneof![
        4 => vec(value(), 1..5).prop_map(Value::Array),
        1 => vec(value(), 1..5).prop_map(|members| json!({"one_of": members})),
        1 => vec(select(&TEXTS[..]), 13..20).prop_map(|members| json!(members)),
        1 => (select(vec!["min", "max", "above", "below"]), number()).prop_map(|(key, limit)| object([(key, limit)])),
        1 => (select(vec![("min", "max"), ("above", "below"), ("min", "below"), ("above", "max")]), bounds())
            .prop_map(|((low, high), (from, to))| object([(low, from), (high, to)])),
        3 => select(&PATTERNS[..]).prop_map(|pattern| json!({"pattern": pattern})),
        1 => select(&PREFIXES[..]).prop_map(|prefix| json!({"prefix": prefix})),
        2 => select(&GLOBS[..]).prop_map(|glob| json!({"glob": glob})),
        2 => subsequence(&ROOTS[..], 1..3).prop_map(|roots| json!({"path": roots})),
        1 => select(&TYPES[..]).prop_map(|name| json!({"type": name})),
        1 => (0..3_u32, 0..3_u32).prop_map(|(from, more)| json!({"min_length": from, "max_length": from + more})),
        1 => (0..3_u32, 0..3_u32).prop_map(|(from, more)| json!({"min_items": from, "max_items": from + more})),
        1 => Just(json!({"any": true})),
        1 => (select(&PATTERNS[..]), 1..4_u32).prop_map(|(pattern, most)| json!({"pattern": pattern, "max_length": most})),
        1 => (select(&TYPES[..]), number()).prop_map(|(name, limit)| json!({"type": name, "min": limit})),
    ]
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect::<Map<_, _>>()
        .into()
}

/// Nested to three levels.
pub(crate) fn constraint() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            2 => inner.clone().prop_map(|one| json!({"each": one})),
            1 => (inner.clone(), 0..3_u32).prop_map(|(one, most)| json!({"each": one, "max_items": most})),
            3 => btree_map(select(&FIELDS[..]), (inner.clone(), any::<bool>()), 0..3).prop_map(|fields| {
                let fields: Map<_, _> = fields
                    .into_iter()
                    .map(|(name, (one, may_miss))| (name.to_owned(), optional(one, may_miss)))
                    .collect();
                json!({"fields": fields})
            }),
            1 => vec(inner.clone(), 1..3).prop_map(|all| json!({"all_of": all})),
            3 => vec(inner.clone(), 1..4).prop_map(|any| json!({"any_of": any})),
            3 => inner.clone().prop_map(|one| json!({"not": one})),
            1 => (inner.clone(), select(&TYPES[..])).prop_map(|(one, name)| json!({"not": one, "type": name})),
            1 => vec(inner, 1..3).prop_map(|any| json!({"not": {"any_of": any}})),
        ]
    })
}

/// A bare list has no place for `optional`.
fn optional(constraint: Value, yes: bool) -> Value {
    match constraint {
        constraint if !yes => constraint,
        Value::Object(mut members) => {
            members.insert("optional".to_owned(), true.into());
            members.into()
        }
        list => json!({"one_of": list, "optional": true}),
    }
}

fn permission() -> impl Strategy<Value = Map<String, Value>> {
    let params = btree_map(select(&PARAMS[..]), (constraint(), any::<bool>()), 0..3);
    let flags = (0..3_u8, 0..8_u8, 0..3_u8, 0..8_u8);
    (proptest::option::weighted(0.85, params), flags).prop_map(
        |(params, (other, approval, effect, audit))| {
            let mut permission = Map::new();
            let mut put = |key: &str, value: Value| drop(permission.insert(key.to_owned(), value));
            if let Some(params) = params {
                let params: Map<_, _> = params
                    .into_iter()
                    .map(|(name, (one, may_miss))| (name.to_owned(), optional(one, may_miss)))
                    .collect();
                put("allowed_params", params.into());
                if other < 2 {
                    put("other_params", json!(["allow", "deny"][usize::from(other)]));
                }
            }
            if approval < 2 {
                put("requires_human_approval", (approval == 0).into());
            }
            if effect == 0 {
                put("effect", json!("read"));
            }
            if audit < 2 {
                put(
                    "audit_level",
                    json!(["detailed", "full"][usize::from(audit)]),
                );
            }
            permission
        },
    )
}

/// The permissions of one policy.
fn permissions() -> impl Strategy<Value = Vec<Value>> {
    btree_map(select(&TOOL_PATTERNS[..]), permission(), 1..5).prop_map(|permissions| {
        let named = permissions.into_iter().map(|(name, mut permission)| {
            permission.insert("tool_name".to_owned(), json!(name));
            Value::Object(permission)
        });
        named.collect()
    })
}

/// A policy for one of the principals above.
pub(crate) fn policy() -> impl Strategy<Value = Value> {
    let principals: Vec<(&str, &str)> = AGENTS
        .iter()
        .map(|name| ("agent_id", *name))
        .chain(USERS.iter().map(|name| ("user_id", *name)))
        .chain(TASKS.iter().map(|name| ("task_id", *name)))
        .collect();
    (select(principals), permissions(), 0..12_u8).prop_map(|((key, name), permissions, user)| {
        let mut policy = object([(key, json!(name)), ("permissions", permissions.into())]);
        if key == "agent_id" && user < 2 {
            policy["require_user"] = (user == 0).into();
        }
        policy
    })
}

/// One to four policies, at least one of them for the first agent.
pub(crate) fn policies() -> impl Strategy<Value = Vec<Value>> {
    let own = permissions()
        .prop_map(|list| object([("agent_id", json!(AGENTS[0])), ("permissions", list.into())]));
    (own, vec(policy(), 0..4)).prop_map(|(own, mut others)| {
        others.insert(0, own);
        others
    })
}
