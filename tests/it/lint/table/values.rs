//! Constraints, wherever they stand.

use super::check;

/// A parameter of a tool, on line 4, and what it yields there.
fn param(constraint: &str, expected: &[&str]) {
    let text =
        format!("[[permissions]]\ntool_name = \"t\"\nallowed_params = {{ x = {constraint} }}");
    let expected: Vec<_> = expected.iter().map(|code| (*code, 4)).collect();
    check(&text, &expected);
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
