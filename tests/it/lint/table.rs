//! A policy for each finding, and policies that are nearly so.

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

/// A parameter of a tool, on line 4, and what it yields there.
fn param(constraint: &str, expected: &[&str]) {
    let text =
        format!("[[permissions]]\ntool_name = \"t\"\nallowed_params = {{ x = {constraint} }}");
    let expected: Vec<_> = expected.iter().map(|code| (*code, 4)).collect();
    check(&text, &expected);
}

/// Keys of a permission with the required parameters `x` and, optional, `y`; the keys start on line 6.
fn keys(keys: &str, expected: &[(&str, usize)]) {
    let text = format!(
        "[[permissions]]\ntool_name = \"t\"\nallowed_params.x = {{ min = 0, max = 10 }}\nallowed_params.y = {{ min = 0, \
         optional = true }}\n{keys}"
    );
    check(&text, expected);
}

/// Two permissions: the pattern `t*` on line 3, and `t` on line 6.
fn two(pattern: &str, exact: &str, expected: &[(&str, usize)]) {
    let text = format!(
        "[[permissions]]\ntool_name = \"t*\"\n{pattern}\n[[permissions]]\ntool_name = \"t\"\n{exact}"
    );
    check(&text, expected);
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

#[test]
fn open_world() {
    check("[[permissions]]\ntool_name = \"t\"", &[("open_world", 3)]);
    check(
        "[[permissions]]\ntool_name = \"t\"\nallowed_params = {}",
        &[],
    );
    check(
        "[[permissions]]\ntool_name = \"t\"\nallowed_params = {}\nother_params = \"allow\"",
        &[],
    );
    // What a pattern that covers the tool says of its parameters holds for the tool too.
    two("allowed_params = {}", "max_calls_per_minute = 1", &[]);
    two(
        "max_calls_per_minute = 90",
        "allowed_params = {}",
        &[("open_world", 3)],
    );
}

#[test]
fn duplicate_permissions() {
    let closed = "allowed_params = { x = { min = 1, max = 5 } }";
    let wider = "allowed_params = { x = { min = 0, max = 5 } }";
    two(closed, closed, &[("duplicate", 6)]);
    two(closed, wider, &[("duplicate", 6)]);
    two(closed, "", &[("duplicate", 6)]);
    two(wider, closed, &[]);
    two(
        closed,
        &format!("{closed}\nrequires_human_approval = true"),
        &[],
    );
    two(closed, &format!("{closed}\naudit_level = \"full\""), &[]);
    two(closed, &format!("{closed}\nmax_calls_per_minute = 59"), &[]);
    two(
        closed,
        &format!("{closed}\nmax_calls_per_minute = 61"),
        &[("duplicate", 6)],
    );
    two(
        closed,
        &format!("{closed}\nlimits = [{{ calls = 9, per = \"1h\", by = [\"user\"] }}]"),
        &[],
    );
    two(&format!("{closed}\neffect = \"read\""), closed, &[]);
    two(
        closed,
        &format!("{closed}\neffect = \"read\""),
        &[("duplicate", 6)],
    );
    // Approval that the pattern demands already.
    let asking = format!("{closed}; requires_human_approval = true").replace("; ", "\n");
    check(
        &format!(
            "[[permissions]]\ntool_name = \"*\"\n{asking}\n[[permissions]]\ntool_name = \"t\"\n{asking}"
        ),
        &[("duplicate", 7)],
    );
    // Of two that say the same of all tools, one is too many.
    check(
        "[[permissions]]\ntool_name = \"*\"\nallowed_params = {}\n[[permissions]]\ntool_name = \"**\"\nallowed_params = {}",
        &[("duplicate", 6)],
    );
    // Strings by pattern, prefix, path and list; arrays and objects by their parts.
    for (strict, loose) in [
        (
            "{ pattern = \"[a-z]{1,3}\" }",
            "{ pattern = \"[a-z0-9]+\" }",
        ),
        ("{ prefix = \"gs://b/c/\" }", "{ prefix = \"gs://b/\" }"),
        ("{ path = [\"/w/x\"] }", "{ path = [\"/w\", \"/v\"] }"),
        ("[\"a\", \"b\"]", "{ pattern = \"[a-z]\" }"),
        (
            "{ each = [\"a\"], max_items = 3 }",
            "{ each = { min_length = 1 }, max_items = 4 }",
        ),
        (
            "{ fields = { f = [1] } }",
            "{ fields = { f = { type = \"integer\" }, g = { any = true, optional = true } } }",
        ),
        (
            "{ any_of = [[1], [2]] }",
            "{ any_of = [{ min = 0 }, { type = \"null\" }] }",
        ),
        ("{ glob = \"r/*.csv\" }", "{ glob = \"r/**\" }"),
    ] {
        let of = |constraint| format!("allowed_params = {{ x = {constraint} }}");
        two(&of(strict), &of(loose), &[("duplicate", 6)]);
        two(&of(loose), &of(strict), &[]);
    }
}

#[test]
fn duplicate_members() {
    for constraint in [
        "[\"a\", \"b\", \"a\"]",
        "{ one_of = [1, 2, 1] }",
        "{ any_of = [{ min = 1 }, [\"a\"], { min = 1 }] }",
        "{ all_of = [{ min = 1 }, { max = 3 }, { min = 1 }] }",
        "{ path = [\"/w\", \"/w\"] }",
        "{ each = [\"a\", \"a\"] }",
        "{ fields = { f = [\"a\", \"a\"] } }",
        "{ not = [\"a\", \"a\"] }",
    ] {
        param(constraint, &["duplicate"]);
    }
    for constraint in [
        "[\"a\", \"A\", 1, 1.0, \"1\", true]",
        "{ any_of = [{ min = 1 }, [\"a\"]] }",
        "{ all_of = [{ any_of = [[1], [2]] }, { any_of = [[1], [3]] }] }",
        "{ path = [\"/w\", \"/v\"] }",
    ] {
        param(constraint, &[]);
    }
    let text = "[[permissions]]\ntool_name = \"t\"\n[permissions.allowed_params]\nx = [\n  1,\n  2,\n  1,\n]";
    check(text, &[("duplicate", 8)]);
}

#[cfg(feature = "net")]
#[test]
fn duplicate_hosts() {
    param("{ host = [\"a.example\", \"a.example\"] }", &["duplicate"]);
    param(
        "{ cidr = [\"10.0.0.0/8\", \"10.0.0.0/8\"] }",
        &["duplicate"],
    );
    param(
        "{ url = { host = [\"a.example\"], scheme = [\"https\", \"https\"] } }",
        &["duplicate"],
    );
    param(
        "{ url = { host = [\"a.example\"], path = [\"/a\", \"/b\"] } }",
        &[],
    );
}

#[test]
fn unreachable() {
    for (pattern, exact) in [
        ("{}", "{ x = { any = true } }"),
        ("{ x = { any = true } }", "{}"),
        ("{ x = [\"a\"] }", "{ x = [\"b\"] }"),
        (
            "{ x = [\"a\"] }",
            "{ x = [1], y = { any = true, optional = true } }",
        ),
        ("{ x = [\"a\", \"b\"] }", "{ x = { pattern = \"[c-z]\" } }"),
        ("{ x = { min = 5 } }", "{ x = { below = 5 } }"),
        (
            "{ x = { prefix = \"a\" } }",
            "{ x = { prefix = \"b\", optional = true } }",
        ),
        (
            "{ x = { prefix = \"a\" } }",
            "{ x = { pattern = \"[b-z]+\" } }",
        ),
        (
            "{ x = { pattern = \"[0-9]+\" } }",
            "{ x = { pattern = \"[a-z]+\" } }",
        ),
        ("{ x = { path = [\"/w\"] } }", "{ x = { path = [\"/v\"] } }"),
        ("{ x = { path = [\"/w\"] } }", "{ x = { glob = \"/v/*\" } }"),
        ("{ x = { min = 1 } }", "{ x = { type = \"string\" } }"),
        (
            "{ x = { min_items = 1, each = [1] } }",
            "{ x = { each = [2] } }",
        ),
        (
            "{ x = { fields = { f = [1] } } }",
            "{ x = { fields = { g = [1] } } }",
        ),
        (
            "{ x = { fields = { f = [1] } } }",
            "{ x = { fields = { f = [2] } } }",
        ),
        (
            "{ x = { any_of = [[1], [2]] } }",
            "{ x = { any_of = [[3], { type = \"null\" }] } }",
        ),
        ("{ x = { not = [\"a\"] } }", "{ x = [\"a\"] }"),
        ("{ x = { not = { min = 0 } } }", "{ x = { min = 1 } }"),
        ("{ x = { max_length = 2 } }", "{ x = { prefix = \"abc\" } }"),
    ] {
        let of = |params| format!("allowed_params = {params}");
        two(&of(pattern), &of(exact), &[("unreachable", 6)]);
    }
    for (pattern, exact) in [
        ("{ x = [\"a\", \"b\"] }", "{ x = [\"b\", \"c\"] }"),
        (
            "{ x = { any = true, optional = true } }",
            "{ y = { any = true, optional = true } }",
        ),
        // Both may do without it.
        (
            "{ x = { prefix = \"a\", optional = true } }",
            "{ x = { prefix = \"b\", optional = true } }",
        ),
        ("{ x = { min = 5 } }", "{ x = { max = 5 } }"),
        ("{ x = { prefix = \"a\" } }", "{ x = { prefix = \"abc\" } }"),
        ("{ x = { each = [1] } }", "{ x = { each = [2] } }"),
        (
            "{ x = { min_length = 2 } }",
            "{ x = { pattern = \"[a-z]{1,3}\" } }",
        ),
        (
            "{ x = { any_of = [[1], [2]] } }",
            "{ x = { any_of = [[2], [3]] } }",
        ),
        ("{ x = { not = [\"a\"] } }", "{ x = [\"a\", \"b\"] }"),
        (
            "{ x = { path = [\"/w\"] } }",
            "{ x = { path = [\"/w/x\", \"/v\"] } }",
        ),
        (
            "{ x = { pattern = \"a.*\" } }",
            "{ x = { pattern = \".*b\" } }",
        ),
    ] {
        // Stricter in another way, so that it is no duplicate.
        let exact = format!("allowed_params = {exact}\nrequires_human_approval = true");
        two(&format!("allowed_params = {pattern}"), &exact, &[]);
    }
    // A pattern that covers only some of the tools, or none, contradicts nothing.
    check(
        "[[permissions]]\ntool_name = \"a*\"\nallowed_params = { x = [1] }\n[[permissions]]\ntool_name = \"*b\"\n\
         allowed_params = { x = [2] }",
        &[],
    );
}

#[test]
fn contradictions() {
    for constraint in [
        "{ min = 1, pattern = \"x\" }",
        "{ one_of = [\"a\", \"b\"], max_length = 0 }",
        "{ one_of = [1, 2], min = 3 }",
        "{ all_of = [{ min = 3 }, { max = 2 }] }",
        "{ any_of = [{ min = 1, pattern = \"x\" }, { type = \"null\" }] }",
        "{ each = { min = 1, pattern = \"x\" } }",
        "{ fields = { f = { min = 1, pattern = \"x\" } } }",
        "{ not = { any = true } }",
        "{ type = \"string\", min = 1 }",
        "{ prefix = \"a\", pattern = \"b.*\" }",
        "{ all_of = [{ any_of = [[1], [2]] }, { any_of = [[3], [4]] }] }",
    ] {
        param(constraint, &["contradiction"]);
    }
    for constraint in [
        "{ min = 1, max = 1 }",
        "{ one_of = [\"a\", \"bc\"], max_length = 1 }",
        "{ type = \"number\", min = 1 }",
        "{ any_of = [{ min = 1 }, { pattern = \"x\" }] }",
        "{ each = [1], max_items = 0 }",
        "{ prefix = \"a\", pattern = \"[a-z]+\" }",
        "{ type = \"string\", not = [\"a\"] }",
    ] {
        param(constraint, &[]);
    }
}

#[test]
fn patterns() {
    for everything in [
        ".*",
        ".+",
        "(?s).*",
        "[\\s\\S]*",
        "[^\\n]+",
        "abc|.*",
        "^.*$",
        "..*",
        "(.*)?",
    ] {
        param(
            &format!("{{ pattern = '{everything}' }}"),
            &["pattern_matches_everything"],
        );
    }
    for dotted in [
        "api.example.com",
        ".*@example.org",
        "report.csv",
        "[a-z]+.example[.]com",
        "v1.2",
        "\\w+.(csv|txt)",
    ] {
        param(&format!("{{ pattern = '{dotted}' }}"), &["unescaped_dot"]);
    }
    for class in [
        "[^example.com]",
        "[^ourcompany.com$]",
        ".*@[^evil.org]+",
        "[http|https]://x/.*",
        "[^admin]+",
    ] {
        param(
            &format!("{{ pattern = '{class}' }}"),
            &["class_as_exclusion"],
        );
    }
    for good in [
        "[A-Z]{1,5}",
        "[^\\r\\n]+",
        ".{1,80}",
        ".{3}",
        "api\\.example\\.com",
        "api[.]example[.]com",
        ".*@example\\.org",
        "a.*b",
        "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+",
        "\\S+",
        "[aeiou]+",
        "[^/]+",
        "(yes|no)",
    ] {
        param(&format!("{{ pattern = '{good}' }}"), &[]);
    }
    for nested in [
        "{ each = { pattern = '.*' } }",
        "{ fields = { f = { pattern = '.*', optional = true } } }",
        "{ any_of = [{ type = 'null' }, { pattern = '.*' }] }",
        "{ all_of = [{ pattern = '.*' }, { min_length = 1 }] }",
        "{ not = { pattern = '.*' } }",
        "{ each = { any_of = [{ fields = { f = { not = { pattern = '.*' } } } }] } }",
    ] {
        param(nested, &["pattern_matches_everything"]);
    }
    // In the order of the document, each at its own place.
    check(
        "[[permissions]]\ntool_name = \"t\"\n[permissions.allowed_params]\nz = { pattern = '.*' }\na = { any_of = [\n  \
         { pattern = 'report.csv' },\n  { pattern = '[^example.com]' },\n] }",
        &[
            ("pattern_matches_everything", 5),
            ("unescaped_dot", 7),
            ("class_as_exclusion", 8),
        ],
    );
}

#[test]
fn prefixes() {
    for inside in [
        "https://example.com",
        "https://api.exam",
        "//host",
        "gs://bucket",
        "https://example.com:443",
    ] {
        param(
            &format!("{{ prefix = \"{inside}\" }}"),
            &["prefix_inside_host"],
        );
        param(
            &format!("{{ not = {{ prefix = \"{inside}\" }} }}"),
            &["prefix_inside_host"],
        );
    }
    for path in ["/workspace/", "/workspace", "~/x", "file:///data/"] {
        param(&format!("{{ prefix = \"{path}\" }}"), &["prefix_is_a_path"]);
        param(
            &format!("{{ each = {{ not = {{ prefix = \"{path}\" }} }} }}"),
            &["prefix_is_a_path"],
        );
    }
    for good in [
        "{ prefix = \"https://example.com/\" }",
        "{ prefix = \"gs://bucket/\" }",
        "{ prefix = \"INV-\" }",
        // Something else beside it keeps out what would slip through.
        "{ prefix = \"/workspace/a\", path = [\"/workspace\"] }",
        "{ all_of = [{ prefix = \"/workspace/a\" }, { path = [\"/workspace\"] }] }",
        "{ prefix = \"https://example.com\", pattern = 'https://example\\.com/[a-z]+' }",
        "{ any_of = [{ prefix = \"/workspace/a\" }, { prefix = \"b\" }], path = [\"/workspace\"] }",
    ] {
        param(good, &[]);
    }
}

#[test]
fn globs_and_paths() {
    for glob in ["**", "**.csv", "reports**"] {
        param(&format!("{{ glob = \"{glob}\" }}"), &["glob_is_not_a_path"]);
    }
    for glob in ["*", "*.csv", "reports/**", "**/*.csv", "/w/**"] {
        param(&format!("{{ glob = \"{glob}\" }}"), &[]);
    }
    param("{ glob = \"**.csv\", path = [\"/w\"] }", &[]);
    param("{ path = [\"/w\", \"/\"] }", &["path_is_root"]);
    param("{ path = [\"/w\"] }", &[]);
}

#[test]
fn limits_that_never_bind() {
    for (text, line) in [
        (
            "max_calls_per_minute = 5\nlimits = [{ calls = 1000, per = \"1m\" }]",
            7,
        ),
        (
            "max_calls_per_minute = 5\nlimits = [{ calls = 5, per = \"1m\" }]",
            7,
        ),
        (
            "max_calls_per_minute = 5\nlimits = [{ calls = 300, per = \"1h\", by = [\"user\"] }]",
            7,
        ),
        // Where nothing is said, an agent has 60 a minute.
        ("limits = [{ calls = 100, per = \"1m\" }]", 6),
        (
            "max_calls_per_minute = 50\nlimits = [{ calls = 20, per = \"1m\" }]",
            6,
        ),
        (
            "limits = [\n  { calls = 10, per = \"1h\" },\n  { calls = 20, per = \"30m\" },\n]",
            8,
        ),
        (
            "limits = [\n  { calls = 20, per = \"30m\" },\n  { calls = 10, per = \"1h\" },\n]",
            7,
        ),
        (
            "budgets = [{ sum = \"x\", at_most = 5, per = \"1h\" },\n  { sum = \"x\", at_most = 10.5, per = \"30m\" }]",
            7,
        ),
        // 60 calls of at most 10.
        (
            "budgets = [{ sum = \"x\", at_most = 1200, per = \"1m\" }]",
            6,
        ),
    ] {
        keys(text, &[("limit_never_binds", line)]);
    }
    for text in [
        "max_calls_per_minute = 5\nlimits = [{ calls = 299, per = \"1h\" }]",
        "max_calls_per_minute = 5\nlimits = [{ calls = 50, per = \"24h\" }]",
        "max_calls_per_minute = 120\nlimits = [{ calls = 130, per = \"90s\" }]",
        "limits = [{ calls = 10, per = \"1h\", by = [\"user\"] }, { calls = 20, per = \"1h\" }]",
        "limits = [{ calls = 10, per = \"1h\", by = [\"user\"] }, { calls = 10, per = \"1h\", by = [\"task\"] }]",
        // A limit with more entries than are counted exactly may forget late.
        "max_calls_per_minute = 60\nlimits = [{ calls = 86400, per = \"24h\" }]",
        "budgets = [{ sum = \"x\", at_most = 100, per = \"1m\" }]",
        "budgets = [{ sum = \"x\", at_most = 10.5, per = \"1h\" }, { sum = \"x\", at_most = 12, per = \"2h\" }]",
    ] {
        keys(text, &[]);
    }
    check(
        "[[permissions]]\ntool_name = \"t\"\nallowed_params = { x = [0, 0.0] }\nbudgets = [{ sum = \"x\", at_most = 1, per = \"1h\" }]",
        &[("limit_never_binds", 5)],
    );
    // A user's policy has no limit where it does not say one.
    let text = "user_id = \"ann\"\n[[permissions]]\ntool_name = \"t\"\nallowed_params = {}\nlimits = [{ calls = 100, per = \"1m\" }]";
    assert!(AgentPolicy::from_toml(text).unwrap().lint().is_empty());
}

#[test]
fn approval_never_reached() {
    two(
        "allowed_params = { x = [1] }",
        "allowed_params = { x = [2] }\nrequires_human_approval = true",
        &[("unreachable", 6), ("approval_never_reached", 8)],
    );
    check(
        "[[permissions]]\ntool_name = \"t\"\nallowed_params = { x = { min = 1, pattern = \"a\" } }\nrequires_human_approval = true",
        &[("contradiction", 4), ("approval_never_reached", 5)],
    );
    check(
        "[[permissions]]\ntool_name = \"t\"\nallowed_params = { x = { min = 1, pattern = \"a\", optional = true } }\n\
         requires_human_approval = true",
        &[("contradiction", 4)],
    );
}

#[test]
fn budgets_that_deny() {
    keys(
        "budgets = [{ sum = \"y\", at_most = 5, per = \"1h\" }]",
        &[("budget_on_optional", 6)],
    );
    keys(
        "limits = [{ calls = 5, per = \"1h\", by = [\"param:y\"] }]",
        &[("budget_on_optional", 6)],
    );
    keys(
        "other_params = \"allow\"\nlimits = [{ calls = 5, per = \"1h\", by = [\"param:z\"] }]",
        &[("budget_on_optional", 7)],
    );
    keys(
        "limits = [{ calls = 5, per = \"1h\", by = [\"param:x\"] }]",
        &[],
    );
    keys(
        "budgets = [{ sum = \"x\", at_most = 5, per = \"1h\" }]",
        &[],
    );
    for (constraint, code) in [
        ("{ max = 10 }", Some("budget_not_a_number")),
        ("{ min = -0.25 }", Some("budget_not_a_number")),
        ("{ above = -0.25, max = 10 }", Some("budget_not_a_number")),
        ("{ type = \"number\" }", Some("budget_not_a_number")),
        ("{ any = true }", Some("budget_not_a_number")),
        ("{ type = \"string\" }", Some("budget_not_a_number")),
        (
            "{ any_of = [{ type = \"null\" }, { min = 0 }] }",
            Some("budget_not_a_number"),
        ),
        ("[1, -2]", Some("budget_not_a_number")),
        ("[1, \"two\"]", Some("budget_not_a_number")),
        ("[1, 2]", None),
        ("{ above = 0 }", None),
        ("{ min = 0, max = 10 }", None),
        ("{ type = \"integer\", min = 1 }", None),
        ("{ any_of = [{ min = 0 }, [7]] }", None),
    ] {
        let expected: Vec<_> = code.iter().map(|code| (*code, 5)).collect();
        check(
            &format!(
                "[[permissions]]\ntool_name = \"t\"\nallowed_params = {{ x = {constraint} }}\nbudgets = [{{ sum = \"x\", at_most = \
                 5, per = \"1h\" }}]"
            ),
            &expected,
        );
    }
}

#[test]
fn reads_named_like_writes() {
    for (name, code) in [
        ("delete_file", Some("read_named_like_write")),
        ("files/writeText", Some("read_named_like_write")),
        ("update_status_read", Some("read_named_like_write")),
        ("*_send", Some("read_named_like_write")),
        ("*", Some("read_for_any_tool")),
        ("get_settings", None),
        ("list_updates", None),
        ("run_history", None),
        ("get_*", None),
        ("settings", None),
    ] {
        let text = |effect| {
            format!(
                "[[permissions]]\ntool_name = \"{name}\"\nallowed_params = {{}}\neffect = \"{effect}\""
            )
        };
        let expected: Vec<_> = code.iter().map(|code| (*code, 5)).collect();
        check(&text("read"), &expected);
        check(&text("write"), &[]);
    }
}
