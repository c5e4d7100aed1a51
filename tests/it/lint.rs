//! What the linter finds, with its line, and what it leaves alone.

mod idle;
mod laws;
#[cfg(feature = "toml")]
mod table;

use portcullis::{AgentId, AgentPolicy, Constraint, Finding, Lint, ToolPermission};

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings
        .iter()
        .map(|finding| finding.kind().as_str())
        .collect()
}

#[test]
fn a_report_shows_the_place_and_what_to_write() {
    let text = "{\"agent_id\": \"spiffe://example.org/a\", \"permissions\": [\n  {\"tool_name\": \"fetch\",\n   \
                \"allowed_params\": {\"url\": {\"pattern\": \"api.example.com\"}}}]}";
    let findings = AgentPolicy::from_json(text).unwrap().lint();
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].to_string(),
        "line 3 column 46: warning[unescaped_dot]: a dot in the pattern `api.example.com` of `url` of `fetch` stands for \
         any character\n  |\n3 |    \"allowed_params\": {\"url\": {\"pattern\": \"api.example.com\"}}}]}\n  \
         |                                              ^\n  = the pattern also matches where another character stands, as in \
         `apixexamplexcom`\n  = write `[.]`, or `\\.` between quotes that leave backslashes alone: \
         `api[.]example[.]com`"
    );
    let finding = &findings[0];
    assert_eq!(finding.kind(), Lint::UnescapedDot);
    assert_eq!(finding.file(), None);
    assert_eq!((finding.line(), finding.column()), (Some(3), Some(46)));
    assert_eq!(finding.place().as_deref(), Some("line 3 column 46"));
}

#[test]
fn policies_built_in_code_are_looked_at_too() {
    let agent = AgentId::parse("spiffe://example.org/a").unwrap();
    let policy = AgentPolicy::new(agent)
        .permit(
            ToolPermission::new("fetch")
                .unwrap()
                .param("url", Constraint::prefix("https://example.org").unwrap()),
        )
        .unwrap()
        .permit(ToolPermission::new("ping").unwrap())
        .unwrap();
    let findings = policy.lint();
    assert_eq!(codes(&findings), ["prefix_inside_host", "open_world"]);
    for finding in &findings {
        assert_eq!(
            (finding.line(), finding.column(), finding.place()),
            (None, None, None)
        );
        assert!(finding.to_string().starts_with("warning["), "{finding}");
    }
}

#[test]
fn what_is_added_to_a_document_has_no_place_and_comes_last() {
    let text = r#"{"agent_id": "spiffe://example.org/a", "permissions": [{"tool_name": "one"}]}"#;
    let policy = AgentPolicy::from_json(text).unwrap();
    let policy = policy.permit(ToolPermission::new("two").unwrap()).unwrap();
    let findings = policy.lint();
    assert_eq!(codes(&findings), ["open_world", "open_world"]);
    assert_eq!(findings[0].line(), Some(1));
    assert_eq!(findings[1].line(), None);
    assert!(findings[1].message().contains("`two`"));
}

#[test]
fn nothing_of_a_document_reaches_the_terminal_as_it_is() {
    let nasty = "\\u001b2J\\u202e";
    let long = "x".repeat(5000);
    let text = format!(
        r#"{{"agent_id": "spiffe://example.org/a", "permissions": [
            {{"tool_name": "t", "other_params": "allow", "budgets": [{{"sum": "n{nasty}{long}", "at_most": 1, "per": "1s"}}],
              "allowed_params": {{
                "a{nasty}": {{"pattern": "api.example.com{nasty}"}},
                "b{nasty}{long}": {{"prefix": "https://{nasty}{long}"}},
                "c{nasty}": {{"glob": "**{nasty}"}},
                "d{nasty}": {{"min": 1, "prefix": "{nasty}{long}"}},
                "e{nasty}": {{"all_of": [{{"prefix": "{nasty}{long}"}}, {{"glob": "a{nasty}"}}]}},
                "f{nasty}": {{"pattern": "[^example.com\u202e\u001b]"}},
                "g{nasty}": {{"prefix": "/{nasty}{long}"}}
            }}}}]}}"#
    );
    let findings = AgentPolicy::from_json(&text).unwrap().lint();
    let expected = [
        "budget_on_optional",
        "unescaped_dot",
        "prefix_inside_host",
        "glob_is_not_a_path",
        "contradiction",
        "contradiction",
        "class_as_exclusion",
        "prefix_is_a_path",
    ];
    assert_eq!(codes(&findings), expected);
    for finding in findings {
        for text in [finding.message(), finding.why(), finding.instead()] {
            assert!(text.chars().count() < 1500, "{text}");
            assert!(!text.contains(['\n', '\u{1b}', '\u{202e}']), "{text}");
        }
        let report = finding.to_string();
        assert!(!report.contains(['\u{1b}', '\u{202e}']), "{report}");
        assert!(report.len() < 6000, "{}", report.len());
    }
}

#[test]
fn codes_are_words_and_differ() {
    let all = [
        Lint::Duplicate,
        Lint::Unreachable,
        Lint::Contradiction,
        Lint::OpenWorld,
        Lint::PatternMatchesEverything,
        Lint::UnescapedDot,
        Lint::ClassAsExclusion,
        Lint::PrefixInsideHost,
        Lint::PrefixIsAPath,
        Lint::GlobIsNotAPath,
        Lint::PathIsRoot,
        Lint::LimitNeverBinds,
        Lint::ApprovalNeverReached,
        Lint::BudgetOnOptional,
        Lint::BudgetNotANumber,
        Lint::ReadNamedLikeWrite,
        Lint::ReadForAnyTool,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(|lint| lint.as_str()).collect();
    assert_eq!(codes.len(), all.len());
    let is_plain = |code: &&str| {
        code.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    assert!(codes.iter().all(is_plain), "{codes:?}");
}
