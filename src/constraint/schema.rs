//! Constraints as a JSON Schema.
//!
//! Some editors look no further than a `$ref` and ignore what stands beside it, so each key carries its own
//! description, and only what may nest is a definition of its own. A constraint is one schema of two types and not a
//! choice between two schemas: so a mistake is told as what it is, and not as "none of these fits".

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::pattern::MAX_SOURCE;
use super::{Constraint, Field, Fields, TypeName};

/// What can be read is described in full, also the keys `host`, `url` and `cidr` where they are not compiled in:
/// the schema is the same whatever the features.
impl JsonSchema for Constraint {
    fn schema_name() -> Cow<'static, str> {
        "Constraint".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::Constraint").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        constraint_schema(
            "What a value may be: a list of the values that are allowed, or a table of conditions that must all hold. \
             A value of a kind that a condition does not speak of is refused, also under `not`.",
            keys(generator),
        )
    }
}

/// A constraint in the place of a parameter or a field, which may say `optional`.
impl JsonSchema for Field {
    fn schema_name() -> Cow<'static, str> {
        "Parameter".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::Parameter").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut keys = keys(generator);
        let optional = json!({
            "description": "`true`: the parameter or field may be absent. If it is there, the rest of this table must \
                            hold. Null is not absent. Stands beside other keys, never alone.",
            "type": "boolean",
            "default": false,
        });
        keys.insert("optional".to_owned(), optional);
        let mut schema = constraint_schema(
            "What this parameter or field may be: a list of the values that are allowed, or a table of conditions \
             that must all hold. It must be there unless the table says `optional = true`.",
            keys,
        );
        schema.insert("if".to_owned(), json!({"required": ["optional"]}));
        schema.insert("then".to_owned(), json!({"minProperties": 2}));
        schema
    }
}

/// Parameters or fields. What they mean where they stand is for the description to say.
impl JsonSchema for Fields {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Parameters".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::Parameters").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": generator.subschema_for::<Field>()})
    }
}

/// A schema's keywords for arrays say nothing of objects, nor the other way round.
fn constraint_schema(description: &str, keys: Map<String, Value>) -> Schema {
    json_schema!({
        "description": description,
        "type": ["array", "object"],
        "minItems": 1,
        "minProperties": 1,
        "properties": keys,
        "additionalProperties": false,
        "examples": [["NYSE", "NASDAQ"], {"pattern": "[A-Z]{1,5}"}, {"min": 1, "max": 50}],
    })
}

fn keys(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let groups = [
        values_and_numbers(),
        texts(),
        network(),
        sizes(),
        nested(generator),
    ];
    groups
        .into_iter()
        .flatten()
        .map(|(key, schema)| (key.to_owned(), schema))
        .collect()
}

type Keys = Vec<(&'static str, Value)>;

fn values_and_numbers() -> Keys {
    let one_of = json!({
        "description": "One of these values, by kind and value: `1`, `1.0`, `true` and `\"1\"` are four values. \
                        A bare list says the same.",
        "type": "array",
        "minItems": 1,
        "examples": [["buy", "sell"], [10, 20, 50]],
    });
    let words: Vec<&str> = TypeName::WORDS.iter().map(|(word, _)| *word).collect();
    let kind = json!({
        "description": "A value of this type. `number` is an integer or a float. Speaks of every kind.",
        "type": "string",
        "enum": words,
        "examples": ["string"],
    });
    let any = json!({
        "description": "Anything that is there, null included. Can only be `true`.",
        "type": "boolean",
        "const": true,
    });
    vec![
        ("one_of", one_of),
        ("type", kind),
        ("any", any),
        (
            "min",
            number("A number of at least this; compared exactly.", 1),
        ),
        (
            "max",
            number("A number of at most this; compared exactly.", 50),
        ),
        ("above", number("A number above this; compared exactly.", 0)),
        (
            "below",
            number("A number below this; compared exactly.", 100),
        ),
    ]
}

fn texts() -> Keys {
    let pattern = json!({
        "description": format!(
            "A string that the regular expression matches from end to end, in linear time. `\\d`, `\\w`, `\\s`, `\\b` \
             and `(?i)` are ASCII, and `.` is any character but a newline. No look-around and no backreferences; at \
             most {MAX_SOURCE} bytes."
        ),
        "type": "string",
        "maxLength": MAX_SOURCE,
        "examples": ["[A-Z]{1,5}", "[0-9]{4}-[0-9]{2}-[0-9]{2}"],
    });
    let prefix = json!({
        "description": "A string that begins so, byte for byte.",
        "type": "string",
        "minLength": 1,
        "examples": ["gs://bucket/"],
    });
    let glob = json!({
        "description": format!(
            "A string that matches the glob as a whole. `*` stays within one `/` segment, `**` does not, and `**/` may \
             stand for no segment. If the glob holds `/`, a value with an empty, `.` or `..` segment, a backslash or \
             NUL is refused. At most {MAX_SOURCE} bytes."
        ),
        "type": "string",
        "pattern": r"^[^?\[\]{}\\\u0000]+$",
        "maxLength": MAX_SOURCE,
        "examples": ["reports/*.csv", "reports/**"],
    });
    let path = strings(
        "A string that is an absolute path in normal form (no empty, `.` or `..` segment, no NUL, no backslash), at or \
         under one of these. Links are not followed.",
        r"^/[^\\\u0000]*$",
        json!(["/workspace"]),
    );
    vec![
        ("pattern", pattern),
        ("prefix", prefix),
        ("glob", glob),
        ("path", path),
    ]
}

/// The keys that need the feature `net`.
fn network() -> Keys {
    const HOST: &str = r"^(\*\.)?[A-Za-z0-9._:\[\]-]+$";
    let host = strings(
        "A string that is one of these host names; `*.` is any subdomain, not the apex, and an IP literal is admitted \
         only if it is listed. Needs the crate feature `net`.",
        HOST,
        json!(["api.example.org", "*.example.net"]),
    );
    let url_host = strings(
        "The hosts; `*.` is any subdomain, not the apex.",
        HOST,
        json!(["api.example.org"]),
    );
    let scheme = json!({
        "description": "The schemes. Absent, `https` alone.",
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "enum": ["https", "http", "wss", "ws", "ftp"]},
        "default": ["https"],
    });
    let port = json!({
        "description": "The ports. Absent, the scheme's own alone.",
        "type": "array",
        "minItems": 1,
        "items": {"type": "integer", "minimum": 1, "maximum": u16::MAX},
        "examples": [[443, 8443]],
    });
    let path = strings(
        "Absolute paths; the URL's path is at or under one of these. Absent, any path.",
        r"^/[^\\\u0000]*$",
        json!(["/v1"]),
    );
    let url = json!({
        "description": "A string that is a URL in normal form, without user information, whose parts are all among \
                        these. Needs the crate feature `net`.",
        "type": "object",
        "properties": {"host": url_host, "scheme": scheme, "port": port, "path": path},
        "additionalProperties": false,
        "required": ["host"],
        "examples": [{"host": ["api.example.org"], "path": ["/v1"]}],
    });
    let cidr = strings(
        "A string that is an IP address as it is usually printed, in one of these networks. Speaks of the address \
         families that are listed. Needs the crate feature `net`.",
        "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$",
        json!(["10.0.0.0/8", "2001:db8::/32"]),
    );
    vec![("host", host), ("url", url), ("cidr", cidr)]
}

fn sizes() -> Keys {
    let least = |what| size(&format!("{what}, at least so many."), 1);
    let most = |what| size(&format!("{what}, at most so many."), 80);
    let (of_string, of_array) = (
        "The characters (Unicode scalar values) of a string",
        "The elements of an array",
    );
    vec![
        ("min_length", least(of_string)),
        ("max_length", most(of_string)),
        ("min_items", least(of_array)),
        ("max_items", most(of_array)),
    ]
}

fn nested(generator: &mut SchemaGenerator) -> Keys {
    let inner = generator.subschema_for::<Constraint>();
    let one = |description: &str, example: Value| {
        let mut schema = inner.clone();
        schema.insert("description".to_owned(), description.into());
        schema.insert("examples".to_owned(), json!([example]));
        schema.to_value()
    };
    let several = |description: &str, example: Value| {
        json!({
            "description": description,
            "type": "array",
            "minItems": 1,
            "items": inner,
            "examples": [example],
        })
    };
    let each = one(
        "An array whose every element is so.",
        json!({"pattern": "[a-z]+"}),
    );
    let not = one(
        "A value that this constraint speaks of and does not admit.",
        json!(["admin", "root"]),
    );
    let all_of = several(
        "A value that every one of these constraints admits.",
        json!([{"pattern": "[a-z]+"}, {"not": ["admin"]}]),
    );
    let any_of = several(
        "A value that at least one of these constraints admits.",
        json!([["all"], {"min": 1, "max": 50}]),
    );
    let mut fields = generator.subschema_for::<Fields>();
    let description = "An object, itself a closed world: each field that is named must be there unless it is \
                       optional, and any other is refused.";
    fields.insert("description".to_owned(), description.into());
    fields.insert(
        "examples".to_owned(),
        json!([{"city": {"max_length": 80}, "zip": {"pattern": "[0-9]{5}", "optional": true}}]),
    );
    vec![
        ("each", each),
        ("fields", fields.to_value()),
        ("all_of", all_of),
        ("any_of", any_of),
        ("not", not),
    ]
}

fn number(description: &str, example: u32) -> Value {
    json!({"description": description, "type": "number", "examples": [example]})
}

fn size(description: &str, example: u32) -> Value {
    json!({"description": description, "type": "integer", "minimum": 0, "examples": [example]})
}

/// A non-empty list of strings of some form.
fn strings(description: &str, pattern: &str, example: Value) -> Value {
    json!({
        "description": description,
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "pattern": pattern},
        "examples": [example],
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::constraint::document;

    fn keys_of(properties: &Value) -> BTreeSet<&str> {
        properties
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    #[test]
    fn the_keys_are_those_of_the_reader() {
        let schema = schemars::schema_for!(Constraint).to_value();
        let known = BTreeSet::from(document::KEYS);
        assert_eq!(keys_of(&schema["properties"]), known);
        let of_parameter = known
            .union(&BTreeSet::from(["optional"]))
            .copied()
            .collect();
        assert_eq!(
            keys_of(&schema["$defs"]["Parameter"]["properties"]),
            of_parameter
        );
    }

    #[cfg(feature = "net")]
    #[test]
    fn a_url_has_the_parts_and_schemes_of_the_reader() {
        let schema = schemars::schema_for!(Constraint).to_value();
        let parts = &schema["properties"]["url"]["properties"];
        assert_eq!(keys_of(parts), BTreeSet::from(document::URL_KEYS));
        for scheme in parts["scheme"]["items"]["enum"].as_array().unwrap() {
            let text = json!({"url": {"host": ["example.org"], "scheme": [scheme]}}).to_string();
            assert!(Constraint::from_json(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_reader_takes_every_example() {
        let schema = schemars::schema_for!(Constraint).to_value();
        let whole = schema["examples"].as_array().unwrap().iter().cloned();
        let of_keys = schema["properties"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(key, _)| {
                cfg!(feature = "net") || !["host", "url", "cidr"].contains(&key.as_str())
            })
            .flat_map(|(key, schema)| {
                let examples = schema["examples"].as_array().into_iter().flatten();
                examples.map(move |example| json!({key: example}))
            });
        for constraint in whole.chain(of_keys) {
            let read = Constraint::from_json(&constraint.to_string());
            assert!(read.is_ok(), "{constraint}: {read:?}");
        }
    }
}
