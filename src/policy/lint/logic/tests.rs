use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::implication::implies;
use super::*;
use crate::constraint::Constraint;
use crate::json::{self, Limits};

fn constraint(document: &Json) -> Constraint {
    Constraint::from_json(&document.to_string())
        .unwrap_or_else(|error| panic!("{document} {error}"))
}

/// Values of every kind at the edges of the constraints below.
fn values() -> Vec<json::Value> {
    let documents = [
        json!(null),
        json!(true),
        json!(false),
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(-0.5),
        json!(0.5),
        json!(1.0),
        json!(1.5),
        json!(2.0),
        json!(""),
        json!("a"),
        json!("b"),
        json!("ab"),
        json!("aa"),
        json!("ba"),
        json!("abc"),
        json!("/w"),
        json!("/w/x"),
        json!("/v"),
        json!("a/b"),
        json!("../a"),
        json!("a\n"),
        json!([]),
        json!([1]),
        json!([2]),
        json!(["a"]),
        json!([1, 1]),
        json!([1, "a"]),
        json!([null]),
        json!({}),
        json!({"x": 1}),
        json!({"x": "a"}),
        json!({"y": 1}),
        json!({"x": 1, "y": 2}),
        json!({"x": 1, "z": 1}),
    ];
    let read = |document: &Json| json::parse(&document.to_string(), &Limits::default()).unwrap();
    documents.iter().map(read).collect()
}

fn leaf() -> impl Strategy<Value = Json> {
    let small = || 0..4_u32;
    prop_oneof![
        proptest::collection::vec(
            select(vec![
                json!(1),
                json!(2),
                json!("a"),
                json!("ab"),
                json!(null),
                json!(true)
            ]),
            1..4
        )
        .prop_map(Json::Array),
        (select(vec!["min", "max", "above", "below"]), -1..4_i32)
            .prop_map(|(key, bound)| json!({key: bound})),
        (
            select(vec!["min_length", "max_length", "min_items", "max_items"]),
            small()
        )
            .prop_map(|(key, size)| json!({key: size})),
        select(vec![
            "[a-z]+", "a.*", "b", "[^a]*", "a|ab", "(?s).*", "/w.*"
        ])
        .prop_map(|pattern| json!({"pattern": pattern})),
        select(vec!["a", "ab", "b", "/w", "/w/x"]).prop_map(|prefix| json!({"prefix": prefix})),
        select(vec!["a*", "**", "a/*", "/w/**", "/v"]).prop_map(|glob| json!({"glob": glob})),
        proptest::sample::subsequence(vec!["/w", "/w/x", "/v", "/"], 1..3)
            .prop_map(|roots| json!({"path": roots})),
        select(vec![
            "string", "number", "integer", "null", "boolean", "array", "object"
        ])
        .prop_map(|name| json!({"type": name})),
        Just(json!({"any": true})),
    ]
}

fn any_constraint() -> impl Strategy<Value = Json> {
    leaf().prop_recursive(3, 10, 3, |inner| {
        let list = || proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner.clone().prop_map(|one| json!({"each": one})),
            inner.clone().prop_map(|one| json!({"not": one})),
            list().prop_map(|all| json!({"all_of": all})),
            list().prop_map(|any| json!({"any_of": any})),
            inner.clone().prop_map(|one| json!({"fields": {"x": one}})),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| json!({"fields": {"x": one, "y": {"all_of": [other], "optional": true}}})),
        ]
    })
}

proptest! {
    /// Law: what is said to have no value admits none, and what is said to be stricter admits no more.
    #[test]
    fn what_is_proved_is_true(one in any_constraint(), other in any_constraint()) {
        let (left, right) = (constraint(&one), constraint(&other));
        let apart = contradiction(&[&left, &right]).is_some();
        let (empty, within) = (contradiction(&[&left]).is_some(), implies(&left, &right));
        for value in values() {
            let admitted = [&left, &right].map(|constraint| constraint.admits(value.view()));
            prop_assert!(!apart || admitted != [true, true], "{one} {other}");
            prop_assert!(!empty || !admitted[0], "{one}");
            prop_assert!(!within || !admitted[0] || admitted[1], "{one} {other}");
        }
    }

    /// Law: a constraint implies itself and what it is an alternative of, and contradicts its negation.
    #[test]
    fn a_constraint_implies_what_it_is_part_of(one in any_constraint(), other in any_constraint()) {
        let (left, negated) = (constraint(&one), constraint(&json!({"not": one})));
        let wider = constraint(&json!({"any_of": [other, one]}));
        prop_assert!(implies(&left, &left));
        if alternatives(&[&left]).is_some_and(|all| all.len() == 1) {
            prop_assert!(implies(&left, &wider));
            prop_assert!(contradiction(&[&left, &negated]).is_some());
        }
    }
}

#[test]
fn what_is_too_large_is_not_answered() {
    let many: Vec<Json> = (0..40).map(|number| json!({"min": number})).collect();
    let wide = constraint(&json!({"all_of": [{"any_of": many}, {"any_of": many}, {"max": -1}]}));
    assert!(contradiction(&[&wide]).is_none());
    let narrow = constraint(&json!({"all_of": [{"any_of": many}, {"max": -1}]}));
    assert!(contradiction(&[&narrow]).is_some());
}
