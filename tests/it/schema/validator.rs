//! A validator for the keywords that the schema of policies uses, and no others.
//!
//! The crates that validate bring some sixty others; this is what is needed of JSON Schema 2020-12 (core, sections 8
//! to 10, and validation, section 6). A keyword that it does not know stops the test, so nothing goes unchecked.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value, json};

/// Keywords that say nothing of what is valid by themselves; `then` is read with its `if`.
const ANNOTATIONS: [&str; 7] = [
    "$schema",
    "$defs",
    "title",
    "description",
    "default",
    "examples",
    "then",
];

/// What is wrong with `value`, with the place where it is, or nothing.
pub(super) fn faults(root: &Value, value: &Value) -> Vec<String> {
    Validator { root }.faults(root, value, "")
}

/// As [`faults`], by a part of the schema.
pub(super) fn faults_by(root: &Value, part: &Value, value: &Value) -> Vec<String> {
    Validator { root }.faults(part, value, "")
}

struct Validator<'s> {
    root: &'s Value,
}

impl Validator<'_> {
    fn faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let Value::Object(keywords) = schema else {
            return fault(
                schema
                    .as_bool()
                    .expect("a schema is an object or a boolean"),
                at,
                "false",
                value,
            );
        };
        let checks = keywords
            .iter()
            .filter(|(keyword, _)| !ANNOTATIONS.contains(&keyword.as_str()));
        checks
            .flat_map(|(keyword, says)| match keyword.as_str() {
                "$ref" => self.faults(self.definition(says), value, at),
                "anyOf" => fault(self.fitting(says, value) > 0, at, keyword, says),
                "oneOf" => fault(self.fitting(says, value) == 1, at, keyword, says),
                "if" if self.fits(says, value) => self.faults(&keywords["then"], value, at),
                "if" => Vec::new(),
                "properties" | "additionalProperties" => self.members(keywords, keyword, value, at),
                "items" => self.elements(says, value, at),
                _ => fault(holds(keyword, says, value), at, keyword, says),
            })
            .collect()
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        self.faults(schema, value, "").is_empty()
    }

    fn fitting(&self, schemas: &Value, value: &Value) -> usize {
        let schemas = schemas.as_array().unwrap().iter();
        schemas.filter(|schema| self.fits(schema, value)).count()
    }

    fn definition(&self, reference: &Value) -> &Value {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        self.root
            .pointer(pointer)
            .expect("what is referred to is in the schema")
    }

    fn members(
        &self,
        keywords: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        at: &str,
    ) -> Vec<String> {
        let named = |key: &str| {
            keywords
                .get("properties")
                .and_then(|properties| properties.get(key))
        };
        let members = value.as_object().into_iter().flatten();
        members
            .filter_map(|(key, value)| {
                let schema = match keyword {
                    "properties" => named(key)?,
                    _ if named(key).is_some() => return None,
                    _ => &keywords["additionalProperties"],
                };
                Some(self.faults(schema, value, &format!("{at}/{key}")))
            })
            .flatten()
            .collect()
    }

    fn elements(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let elements = value.as_array().into_iter().flatten().enumerate();
        elements
            .flat_map(|(index, value)| self.faults(schema, value, &format!("{at}/{index}")))
            .collect()
    }
}

fn fault(holds: bool, at: &str, keyword: &str, says: &Value) -> Vec<String> {
    let fault = (!holds).then(|| format!("{at}: {keyword} {says}"));
    fault.into_iter().collect()
}

/// The keywords that look at one value alone. Each holds for values of kinds that it does not speak of.
fn holds(keyword: &str, says: &Value, value: &Value) -> bool {
    let number = says.as_f64();
    let (least, most) = (
        |size: usize| size as f64 >= number.unwrap(),
        |size: usize| size as f64 <= number.unwrap(),
    );
    match (keyword, value) {
        ("type", _) => match says {
            Value::Array(types) => types.iter().any(|says| is_of_type(says, value)),
            says => is_of_type(says, value),
        },
        ("const", _) => same(says, value),
        ("enum", _) => says
            .as_array()
            .unwrap()
            .iter()
            .any(|says| same(says, value)),
        ("minimum", Value::Number(value)) => value.as_f64() >= number,
        ("maximum", Value::Number(value)) => value.as_f64() <= number,
        ("minLength", Value::String(text)) => least(text.chars().count()),
        ("maxLength", Value::String(text)) => most(text.chars().count()),
        ("pattern", Value::String(text)) => matches(says.as_str().unwrap(), text),
        ("minItems", Value::Array(elements)) => least(elements.len()),
        ("uniqueItems", Value::Array(elements)) => (1..elements.len()).all(|at| {
            !elements[..at]
                .iter()
                .any(|other| same(other, &elements[at]))
        }),
        ("minProperties", Value::Object(members)) => least(members.len()),
        ("required", Value::Object(members)) => says
            .as_array()
            .unwrap()
            .iter()
            .all(|key| members.contains_key(key.as_str().unwrap())),
        (
            "minimum" | "maximum" | "minLength" | "maxLength" | "pattern" | "minItems"
            | "uniqueItems" | "minProperties" | "required",
            _,
        ) => true,
        _ => panic!("the validator does not know the keyword `{keyword}`"),
    }
}

/// Compiles a pattern once.
fn matches(pattern: &str, text: &str) -> bool {
    thread_local! {
        static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|compiled| {
        let regex = compiled
            .entry(pattern.to_owned())
            .or_insert_with(|| Regex::new(pattern).unwrap());
        regex.is_match(text)
    })
}

fn is_of_type(says: &Value, value: &Value) -> bool {
    match says.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("the validator does not know the type `{other}`"),
    }
}

/// Numbers are the same by value: `1` is `1.0`.
fn same(a: &Value, b: &Value) -> bool {
    a == b || a.is_f64() != b.is_f64() && a.as_f64() == b.as_f64() && a.is_number()
}

#[test]
fn every_keyword_refuses_and_admits() {
    for (schema, valid, invalid) in [
        (json!(true), json!([1, {}]), None),
        (
            json!({"type": ["null", "boolean"]}),
            json!(null),
            Some(json!(0)),
        ),
        (json!({"type": "integer"}), json!(1.0), Some(json!(1.5))),
        (json!({"type": "number"}), json!(1.5), Some(json!("1"))),
        (json!({"type": "string"}), json!(""), Some(json!(null))),
        (json!({"type": "object"}), json!({}), Some(json!([]))),
        (json!({"type": "array"}), json!([]), Some(json!({}))),
        (json!({"const": 1}), json!(1.0), Some(json!(true))),
        (json!({"enum": ["a", "b"]}), json!("b"), Some(json!("c"))),
        (json!({"minimum": 1}), json!(1), Some(json!(0.5))),
        (json!({"maximum": 1}), json!("2"), Some(json!(2))),
        (json!({"minLength": 1}), json!("é"), Some(json!(""))),
        (json!({"maxLength": 1}), json!("é"), Some(json!("ab"))),
        (json!({"pattern": "b"}), json!("abc"), Some(json!("ac"))),
        (json!({"minItems": 1}), json!({}), Some(json!([]))),
        (
            json!({"uniqueItems": true}),
            json!([1, "1"]),
            Some(json!([1, 2, 1.0])),
        ),
        (
            json!({"items": {"type": "null"}}),
            json!([null]),
            Some(json!([null, 1])),
        ),
        (json!({"minProperties": 1}), json!([]), Some(json!({}))),
        (
            json!({"required": ["a"]}),
            json!({"a": null}),
            Some(json!({"b": 1})),
        ),
        (
            json!({"properties": {"a": false}}),
            json!({"b": 1}),
            Some(json!({"a": 1})),
        ),
        (
            json!({"properties": {"a": true}, "additionalProperties": false}),
            json!({"a": 1}),
            Some(json!({"a": 1, "b": 1})),
        ),
        (
            json!({"additionalProperties": {"type": "null"}}),
            json!({"a": null}),
            Some(json!({"a": 1})),
        ),
        (
            json!({"anyOf": [{"minimum": 5}, {"maximum": 1}]}),
            json!(7),
            Some(json!(3)),
        ),
        (
            json!({"oneOf": [{"minimum": 5}, {"minimum": 1}]}),
            json!(3),
            Some(json!(7)),
        ),
        (
            json!({"if": {"minimum": 5}, "then": {"maximum": 7}}),
            json!(3),
            Some(json!(8)),
        ),
        (
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}),
            json!(null),
            Some(json!(1)),
        ),
        (
            json!({"properties": {"a": {"$ref": "#"}}, "required": ["b"]}),
            json!({"a": {"b": 1}, "b": 1}),
            Some(json!({"a": {"c": 1}, "b": 1})),
        ),
    ] {
        assert_eq!(faults(&schema, &valid), [""; 0], "{schema}");
        if let Some(invalid) = invalid {
            assert_ne!(faults(&schema, &invalid), [""; 0], "{schema}");
        }
    }
}

#[test]
#[should_panic(expected = "does not know the keyword `format`")]
fn an_unknown_keyword_is_not_passed_over() {
    faults(&json!({"format": "uri"}), &json!("a"));
}
