//! Permissions beside each other, and what they say of their tools.

use super::check;

/// Two permissions: the pattern `t*` on line 3, and `t` on line 6.
fn two(pattern: &str, exact: &str, expected: &[(&str, usize)]) {
    let text = format!(
        "[[permissions]]\ntool_name = \"t*\"\n{pattern}\n[[permissions]]\ntool_name = \"t\"\n{exact}"
    );
    check(&text, expected);
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
