//! Policies with the findings that they yield, each with its line, and policies that are nearly so.

mod limits;
mod permissions;
mod values;

use std::path::Path;

use portcullis::AgentPolicy;

/// Codes and lines that the policy yields. The first line of `text` is line 2.
fn check(text: &str, expected: &[(&str, usize)]) {
    let text = format!("agent_id = \"spiffe://example.org/a\"\n{text}");
    let policy = AgentPolicy::from_toml(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let findings = policy.lint();
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding.kind().as_str(), finding.line().unwrap()))
        .collect();
    let reports: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{text}\n{}", reports.join("\n"));
}

#[test]
fn the_examples_are_clean() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut files = vec![examples.join("trading.toml")];
    let listed = std::fs::read_dir(examples.join("policies")).unwrap();
    files.extend(listed.map(|entry| entry.unwrap().path()));
    assert!(files.len() >= 5);
    for file in files {
        let findings = AgentPolicy::from_file(&file).unwrap().lint();
        let reports: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(reports.is_empty(), "{}", reports.join("\n"));
    }
}

#[test]
fn a_file_is_named() {
    let name = format!("portcullis-lint-{}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    let text = "agent_id = \"spiffe://example.org/a\"\npermissions = [{ tool_name = \"t\" }]\n";
    std::fs::write(&path, text).unwrap();
    let findings = AgentPolicy::from_file(&path).unwrap().lint();
    std::fs::remove_file(&path).unwrap();
    let shown = path.display().to_string();
    assert_eq!(findings[0].file(), Some(shown.as_str()));
    let place = format!("{shown}:2:30");
    assert_eq!(findings[0].place(), Some(place.clone()));
    let report = findings[0].to_string();
    assert!(
        report.starts_with(&format!("{place}: warning[open_world]: ")),
        "{report}"
    );
}
