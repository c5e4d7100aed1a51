//! The JSON Schema of policies: in step with the code, no stricter than the reader, and strict where it can be.

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
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(AgentPolicy)).unwrap();
    text.push('\n');
    if std::env::var_os("PORTCULLIS_BLESS").is_some() {
        fs::write(root().join("docs/policy.schema.json"), text).unwrap();
        return;
    }
    assert!(
        text == AgentPolicy::JSON_SCHEMA,
        "docs/policy.schema.json is out of step with the code; to write it anew, run\n  \
         PORTCULLIS_BLESS=1 cargo test --features schema --test it the_committed_schema"
    );
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
    let url = json!({"host": ["example.org", "[::1]"], "scheme": ["https", "ws"], "port": [1, 65535], "path": ["/", "/a"]});
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

#[test]
fn mistakes_that_a_schema_can_tell_are_refused() {
    let limit = |limit: Value| permission(json!({"limits": [limit]}));
    let budget = |budget: Value| permission(json!({"budgets": [budget]}));
    let agent = |id: &str| json!({"agent_id": id, "permissions": []});
    let long = "a".repeat(5000);
    for document in [
        json!([]),
        json!({}),
        json!({"permissions": []}),
        json!({"agent_id": "spiffe://d"}),
        json!({"agent_id": "spiffe://d", "permissions": {}}),
        json!({"agent_id": "spiffe://d", "permissions": [], "permisions": []}),
        json!({"agent_id": "spiffe://d", "permissions": [], "$schema": "policy.schema.json"}),
        json!({"agent_id": "spiffe://d", "user_id": "u", "permissions": []}),
        json!({"user_id": "u", "task_id": "t", "permissions": []}),
        json!({"agent_id": "spiffe://d", "permissions": [], "version": 2}),
        json!({"agent_id": "spiffe://d", "permissions": [], "version": "1"}),
        json!({"agent_id": "spiffe://d", "permissions": [], "require_user": "yes"}),
        json!({"user_id": "u", "permissions": [], "require_user": true}),
        json!({"task_id": "t", "permissions": [], "require_user": false}),
        json!({"user_id": "", "permissions": []}),
        json!({"user_id": "a\n", "permissions": []}),
        json!({"task_id": long, "permissions": []}),
        agent("http://d"),
        agent("spiffe://D/a"),
        agent("spiffe://d/a/"),
        agent("spiffe://d/a/../b"),
        agent("spiffe://d/*"),
        json!({"agent_id": "spiffe://d", "permissions": [{}]}),
        json!({"agent_id": "spiffe://d", "permissions": ["t"]}),
        permission(json!({"tool_name": "a b"})),
        permission(json!({"tool_name": ""})),
        permission(json!({"tool_name": "a".repeat(129)})),
        permission(json!({"alowed_params": {}})),
        permission(json!({"allowed_params": null})),
        permission(json!({"allowed_params": ["x"]})),
        permission(json!({"other_params": "allow"})),
        permission(json!({"other_params": true, "allowed_params": {}})),
        permission(json!({"max_calls_per_minute": 0})),
        permission(json!({"max_calls_per_minute": -1})),
        permission(json!({"max_calls_per_minute": 1.5})),
        permission(json!({"max_calls_per_minute": 4_294_967_296_u64})),
        permission(json!({"requires_human_approval": "true"})),
        permission(json!({"audit_level": "ful"})),
        permission(json!({"effect": "delete"})),
        permission(json!({"limits": []})),
        permission(json!({"limits": {"calls": 1, "per": "1h"}})),
        permission(json!({"budgets": []})),
        limit(json!({"calls": 0, "per": "1h"})),
        limit(json!({"calls": 1})),
        limit(json!({"per": "1h"})),
        limit(json!({"calls": 1, "per": "0s"})),
        limit(json!({"calls": 1, "per": "1 hour"})),
        limit(json!({"calls": 1, "per": 60})),
        limit(json!({"calls": 1, "per": "1h", "sum": "x"})),
        limit(json!({"calls": 1, "per": "1h", "by": []})),
        limit(json!({"calls": 1, "per": "1h", "by": "user"})),
        limit(json!({"calls": 1, "per": "1h", "by": ["usr"]})),
        limit(json!({"calls": 1, "per": "1h", "by": ["param:"]})),
        limit(json!({"calls": 1, "per": "1h", "by": ["user", "user"]})),
        budget(json!({"at_most": 1, "per": "1h"})),
        budget(json!({"sum": "x", "per": "1h"})),
        budget(json!({"sum": "x", "at_most": 1})),
        budget(json!({"sum": "x", "at_most": 0, "per": "1h"})),
        budget(json!({"sum": "x", "at_most": 1e28, "per": "1h"})),
        budget(json!({"sum": "x", "at_most": "1", "per": "1h"})),
        permission(json!({"examples": []})),
        permission(json!({"examples": {"allowed": []}})),
        permission(json!({"examples": {"allow": {}}})),
        permission(json!({"examples": {"allow": [5]}})),
        param(json!([])),
        param(json!({})),
        param(json!(null)),
        param(json!("NYSE")),
        param(json!({"optional": true})),
        param(json!({"optional": false})),
        param(json!({"optional": 1, "any": true})),
        param(json!({"regex": "a"})),
        param(json!({"one_of": []})),
        param(json!({"one_of": "a"})),
        param(json!({"min": "1"})),
        param(json!({"max": null})),
        param(json!({"above": true})),
        param(json!({"below": [1]})),
        param(json!({"pattern": 1})),
        param(json!({"pattern": long})),
        param(json!({"prefix": ""})),
        param(json!({"glob": ""})),
        param(json!({"glob": "[a-z]"})),
        param(json!({"path": "/workspace"})),
        param(json!({"path": []})),
        param(json!({"path": ["workspace"]})),
        param(json!({"path": ["/a\\b"]})),
        param(json!({"type": "text"})),
        param(json!({"type": ["string"]})),
        param(json!({"min_length": -1})),
        param(json!({"max_length": 1.5})),
        param(json!({"min_items": "1"})),
        param(json!({"max_items": null})),
        param(json!({"each": []})),
        param(json!({"each": {"any": true, "optional": true}})),
        param(json!({"fields": []})),
        param(json!({"fields": {"x": {"optional": true}}})),
        param(json!({"all_of": []})),
        param(json!({"any_of": {}})),
        param(json!({"any_of": [{"any": true}, {}]})),
        param(json!({"not": {"optional": true}})),
        param(json!({"not": "a"})),
        param(json!({"any": false})),
        param(json!({"any": 1})),
        param(json!({"host": []})),
        param(json!({"host": ["*"]})),
        param(json!({"host": ["a.*.example.org"]})),
        param(json!({"host": ["https://example.org"]})),
        param(json!({"url": {}})),
        param(json!({"url": {"host": []}})),
        param(json!({"url": {"host": ["example.org"], "query": ["a"]}})),
        param(json!({"url": {"host": ["example.org"], "scheme": ["HTTPS"]}})),
        param(json!({"url": {"host": ["example.org"], "port": [0]}})),
        param(json!({"url": {"host": ["example.org"], "port": [65536]}})),
        param(json!({"url": {"host": ["example.org"], "path": ["a"]}})),
        param(json!({"cidr": []})),
        param(json!({"cidr": ["example.org"]})),
    ] {
        assert!(!loads(&document), "the reader takes {document}");
        assert_ne!(
            faults(schema(), &document),
            [""; 0],
            "the schema takes {document}"
        );
    }
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

fn mutated(mut document: Value, changes: Vec<(Index, Value)>) -> Value {
    for (index, piece) in changes {
        let mut found = Vec::new();
        places(&document, String::new(), &mut found);
        let place: &String = index.get(&found);
        *document.pointer_mut(place).unwrap() = piece;
    }
    document
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
        changes in proptest::collection::vec((any::<Index>(), select(pieces())), 1..3),
    ) {
        let document = mutated(document, changes);
        if let Ok(policy) = AgentPolicy::from_json(&document.to_string()) {
            prop_assert_eq!(faults(schema(), &document), [""; 0], "{}", document);
            let written = serde_json::to_value(policy).unwrap();
            prop_assert_eq!(faults(schema(), &written), [""; 0], "{}", written);
        }
    }
}
