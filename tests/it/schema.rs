//! The JSON Schema of policies: in step with the code, no stricter than the reader, and strict where it can be.

mod mistakes;
mod validator;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use portcullis::AgentPolicy;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use self::validator::{faults, faults_by};
use crate::oracle::generate;

fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(AgentPolicy::JSON_SCHEMA).unwrap());
    &SCHEMA
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[cfg(feature = "schema")]
#[test]
fn the_committed_schema_is_what_the_code_says() {
    let generated = serde_json::to_value(schemars::schema_for!(AgentPolicy)).unwrap();
    if std::env::var_os("PORTCULLIS_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&generated).unwrap() + "\n";
        fs::write(root().join("docs/policy.schema.json"), text).unwrap();
        return;
    }
    // Other crates may switch on that objects keep their order, so the text is not compared.
    assert!(
        generated == *schema(),
        "docs/policy.schema.json is out of step with the code; to write it anew, run\n  \
         PORTCULLIS_BLESS=1 cargo test --features schema --test it the_committed_schema"
    );
}

/// References lead to what they should, wherever a type stands.
#[cfg(feature = "schema")]
#[test]
fn a_host_can_embed_the_types() {
    let list = schemars::schema_for!(Vec<AgentPolicy>).to_value();
    assert_eq!(
        faults(&list, &json!([every_key(), with_network()])),
        [""; 0]
    );
    assert_ne!(
        faults(&list, &json!([every_key(), param(json!({"not": {}}))])),
        [""; 0]
    );
    let permission = schemars::schema_for!(portcullis::ToolPermission).to_value();
    assert_eq!(faults(&permission, &every_key()["permissions"][0]), [""; 0]);
    let constraint = schemars::schema_for!(portcullis::Constraint).to_value();
    let nested = |inner: Value| json!({"each": {"fields": {"x": {"not": inner}}}});
    assert_eq!(faults(&constraint, &nested(json!(["a"]))), [""; 0]);
    assert_ne!(faults(&constraint, &nested(json!([]))), [""; 0]);
}

/// All keys of the format, once at least.
fn every_key() -> Value {
    let constraints = json!({
        "list": ["a", 1, 1.5, null, true, [], {}],
        "values": {"one_of": ["a"], "type": "string", "optional": true},
        "number": {"min": 1, "max": 50.5},
        "open": {"above": 0, "below": 1, "optional": false},
        "text": {"pattern": "[A-Z]{1,5}", "prefix": "A", "glob": "A*", "min_length": 0, "max_length": 5},
        "file": {"path": ["/", "/workspace"]},
        "items": {"min_items": 0, "max_items": 5, "each": {"any": true}},
        "nested": {"fields": {"x": {"any_of": [["a"], {"not": ["b"]}], "optional": true}, "y": {"all_of": [[1]]}}},
    });
    json!({
        "version": 1,
        "agent_id": "spiffe://example.org/agent/a",
        "require_user": false,
        "permissions": [{
            "tool_name": "files/*",
            "allowed_params": constraints,
            "other_params": "allow",
            "max_calls_per_minute": 4_294_967_295_u32,
            "requires_human_approval": true,
            "audit_level": "full",
            "effect": "read",
            "limits": [{"calls": 18_446_744_073_709_551_615_u64, "per": "500ms", "by": ["agent", "param:x y"]}],
            "budgets": [{"sum": "amount", "at_most": 1e-9, "per": "007d", "by": ["user", "task", "tool"]}],
            "examples": {"allow": [], "ask": [], "deny": [{}]},
        }],
    })
}

fn with_network() -> Value {
    let url = json!({
        "host": ["example.org", "[::1]"],
        "scheme": ["https", "ws"],
        "port": [1, 65535],
        "path": ["/", "/a"],
    });
    let hosts = json!([
        "*.example.org",
        "xn--bcher-kva.example",
        "192.0.2.1",
        "2001:db8::1"
    ]);
    permission(json!({"allowed_params": {
        "host": {"host": hosts},
        "url": {"url": url},
        "cidr": {"cidr": ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"]},
    }}))
}

/// A policy with these keys in its only permission, which has a name unless they say otherwise.
fn permission(keys: Value) -> Value {
    let mut permission = json!({"tool_name": "t"});
    permission
        .as_object_mut()
        .unwrap()
        .extend(keys.as_object().unwrap().clone());
    json!({"agent_id": "spiffe://d", "permissions": [permission]})
}

fn param(constraint: Value) -> Value {
    permission(json!({"allowed_params": {"x": constraint}}))
}

fn loads(document: &Value) -> bool {
    AgentPolicy::from_json(&document.to_string()).is_ok()
}

#[test]
fn every_key_is_admitted() {
    let mut documents = vec![
        every_key(),
        json!({"user_id": "ann@example.org", "permissions": []}),
        json!({"task_id": "é", "version": 1, "permissions": []}),
        permission(json!({"allowed_params": {}, "other_params": "deny"})),
        permission(json!({"other_params": "deny"})),
    ];
    if cfg!(feature = "net") {
        documents.push(with_network());
    } else {
        // The schema is the same in every build.
        assert_eq!(faults(schema(), &with_network()), [""; 0]);
    }
    for document in documents {
        assert!(loads(&document), "{document}");
        assert_eq!(faults(schema(), &document), [""; 0], "{document}");
    }
}

/// Policies in files, as they are read, and then written as JSON.
#[test]
fn policies_in_files_are_admitted() {
    let mut count = 0;
    for directory in ["examples", "examples/policies", "fuzz/seeds/load_policy"] {
        for entry in fs::read_dir(root().join(directory)).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            // Some seeds do not load, and one needs the feature `net`.
            let Ok(policy) = AgentPolicy::from_file(&path) else {
                assert!(
                    directory.starts_with("fuzz") || !is_toml(&path) || cfg!(not(feature = "toml")),
                    "{path:?}"
                );
                continue;
            };
            let document = serde_json::to_value(policy).unwrap();
            assert_eq!(faults(schema(), &document), [""; 0], "{path:?}");
            count += 1;
        }
    }
    assert!(
        count >= if cfg!(feature = "toml") { 6 } else { 1 },
        "only {count} policies were read"
    );
}

/// Editors find the schema by the first line.
#[test]
fn examples_name_the_schema() {
    for (directory, line) in [
        ("examples", "#:schema ../docs/policy.schema.json"),
        (
            "examples/policies",
            "#:schema ../../docs/policy.schema.json",
        ),
    ] {
        let named = line.strip_prefix("#:schema ").unwrap();
        assert!(root().join(directory).join(named).is_file());
        for entry in fs::read_dir(root().join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if is_toml(&path) {
                assert_eq!(
                    fs::read_to_string(&path).unwrap().lines().next(),
                    Some(line),
                    "{path:?}"
                );
            }
        }
    }
}

fn is_toml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "toml")
}

/// An editor offers these; they must not be underlined once they are taken.
#[test]
fn examples_and_defaults_fit_where_they_stand() {
    fn visit(root: &Value, part: &Value, count: &mut usize) {
        let offered = part.get("examples").filter(|examples| examples.is_array());
        let offered = offered.and_then(Value::as_array).into_iter().flatten();
        for value in offered.chain(part.get("default")) {
            assert_eq!(faults_by(root, part, value), [""; 0], "{value} in {part}");
            *count += 1;
        }
        let of_object = part.as_object().into_iter().flatten().map(|(_, part)| part);
        let of_array = part.as_array().into_iter().flatten();
        of_object
            .chain(of_array)
            .for_each(|part| visit(root, part, count));
    }
    let (schema, mut count) = (schema(), 0);
    visit(schema, schema, &mut count);
    assert!(count > 60, "only {count} were found");
}

/// The places of a document, each as a pointer.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    let members = value.as_object().into_iter().flatten();
    let members = members.map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value));
    let elements = value.as_array().into_iter().flatten().enumerate();
    let elements = elements.map(|(index, value)| (index.to_string(), value));
    for (step, value) in members.chain(elements) {
        places(value, format!("{at}/{step}"), found);
    }
    found.push(at);
}

/// What may be put into a place: values of all kinds, and all that stands anywhere in a policy.
fn pieces() -> Vec<Value> {
    let mut pieces = generate::values();
    for document in [every_key(), with_network()] {
        let mut found = Vec::new();
        places(&document, String::new(), &mut found);
        pieces.extend(
            found
                .iter()
                .map(|place| document.pointer(place).unwrap().clone()),
        );
    }
    pieces
}

/// Puts a piece into a place, or takes away what is there.
fn mutated(mut document: Value, changes: Vec<(Index, Option<Value>)>) -> Value {
    for (index, piece) in changes {
        let mut found = Vec::new();
        places(&document, String::new(), &mut found);
        let place: &String = index.get(&found);
        match piece {
            Some(piece) => *document.pointer_mut(place).unwrap() = piece,
            None => remove(&mut document, place),
        }
    }
    document
}

fn remove(document: &mut Value, place: &str) {
    let Some((parent, step)) = place.rsplit_once('/') else {
        return;
    };
    match document.pointer_mut(parent).unwrap() {
        Value::Array(elements) => drop(elements.remove(step.parse().unwrap())),
        Value::Object(members) => drop(members.remove(&step.replace("~1", "/").replace("~0", "~"))),
        _ => panic!("`{parent}` has no parts"),
    }
}

proptest! {
    #[test]
    fn generated_policies_are_admitted(document in generate::policy()) {
        prop_assert!(loads(&document));
        prop_assert_eq!(faults(schema(), &document), [""; 0]);
    }

    /// No document that loads is underlined, whatever it looks like.
    #[test]
    fn what_the_reader_takes_is_admitted(
        document in prop_oneof![Just(every_key()), Just(with_network()), generate::policy()],
        changes in proptest::collection::vec((any::<Index>(), proptest::option::of(select(pieces()))), 1..3),
    ) {
        let document = mutated(document, changes);
        if let Ok(policy) = AgentPolicy::from_json(&document.to_string()) {
            prop_assert_eq!(faults(schema(), &document), [""; 0], "{}", document);
            let written = serde_json::to_value(policy).unwrap();
            prop_assert_eq!(faults(schema(), &written), [""; 0], "{}", written);
        }
    }
}
