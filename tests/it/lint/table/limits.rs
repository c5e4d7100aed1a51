//! Limits that never bind, and that deny more than they count.

use portcullis::AgentPolicy;

use super::check;

/// Keys of a permission with the required parameters `x` and, optional, `y`; the keys start on line 6.
fn keys(keys: &str, expected: &[(&str, usize)]) {
    let text = format!(
        "[[permissions]]\ntool_name = \"t\"\nallowed_params.x = {{ min = 0, max = 10 }}\nallowed_params.y = {{ min = 0, \
         optional = true }}\n{keys}"
    );
    check(&text, expected);
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
        (
            "{ any_of = [{ min = 0 }, { pattern = \"[A-Z]{2}\" }] }",
            Some("budget_not_a_number"),
        ),
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
