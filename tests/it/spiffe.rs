//! Agent ids against the cases of the reference implementation of SPIFFE IDs.

use std::env;
use std::path::Path;

use portcullis::AgentId;
use serde_json::Value;

#[test]
fn ids_are_those_of_the_standard() {
    let Some(data) = env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("SKIPPED: the SPIFFE ID cases, since PORTCULLIS_TEST_DATA is not set");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&data).join("spiffe_id.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let cases = document["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    cases.iter().for_each(check);
}

fn check(case: &Value) {
    let input = case["input"].as_str().unwrap();
    let text = match case["kind"].as_str().unwrap() {
        "id" => input.to_owned(),
        // A trust domain may be given as an id, of which the path is dropped.
        "trust_domain" if input.contains("://") => input.to_owned(),
        "trust_domain" => format!("spiffe://{input}"),
        "path_segment" => format!("spiffe://example.org/{input}"),
        "path" => format!("spiffe://example.org{input}"),
        other => panic!("a kind of case that this test does not know: {other}"),
    };
    let parsed = AgentId::parse(&text);
    assert_eq!(parsed.is_ok(), case["valid"].as_bool().unwrap(), "{case}");
    let Ok(id) = parsed else { return };
    assert_eq!(id.as_str(), text);
    if let Some(domain) = case["trust_domain"].as_str() {
        assert_eq!(id.trust_domain(), domain, "{case}");
    }
    if let Some(path) = case["path"].as_str() {
        assert_eq!(id.path(), path, "{case}");
    }
}
