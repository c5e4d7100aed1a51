use proptest::prelude::*;

use super::{Answer, PathRoots};

fn roots(roots: &[&str]) -> Result<PathRoots, super::PathError> {
    PathRoots::new(roots.iter().map(ToString::to_string).collect())
}

fn check(list: &[&str], value: &str) -> Answer {
    roots(list).unwrap().check(value)
}

#[test]
fn roots_cover_whole_segments() {
    for (value, fits) in [
        ("/workspace", true),
        ("/workspace/a/b", true),
        ("/workspace/...", true),
        ("/workspace/a b\n", true),
        ("/workspaces", false),
        ("/workspac", false),
        ("/", false),
        ("/Workspace/a", false),
        ("/data/x", true),
    ] {
        assert_eq!(
            check(&["/workspace", "/data"], value),
            Answer::of(fits),
            "{value:?}"
        );
    }
    assert_eq!(check(&["/"], "/"), Answer::Match);
    assert_eq!(check(&["/"], "/etc/passwd"), Answer::Match);
}

#[test]
fn values_in_another_form_are_refused() {
    for value in [
        "",
        "workspace",
        "workspace/a",
        "//workspace",
        "/workspace/",
        "/workspace//a",
        "/workspace/./a",
        "/workspace/../etc",
        "/workspace/..",
        "/workspace/.",
        "/workspace/a\0",
        "/workspace\\..\\etc",
        "//",
        "\0",
        "~/a",
        "C:\\a",
        "file:///workspace",
        "\n/workspace",
        " /workspace",
    ] {
        assert_eq!(check(&["/workspace"], value), Answer::Refuse, "{value:?}");
        assert_eq!(check(&["/"], value), Answer::Refuse, "{value:?}");
    }
}

#[test]
fn roots_are_in_normal_form_too() {
    for (root, message) in [
        ("workspace", "start it with `/`"),
        ("", "start it with `/`"),
        ("/workspace/", "ends in a slash; write `/workspace`"),
        ("/a//b", "single slashes"),
        ("//", "write `/`"),
        ("/a//", "single slashes"),
        ("/a/../b", "`..`"),
        ("/./a", "`.`"),
        ("/a\\b", "backslash"),
        ("/a\0", "NUL"),
    ] {
        let error = roots(&["/ok", root]).expect_err(root);
        assert_eq!(error.entry(), Some(1));
        assert!(error.to_string().contains(message), "{root:?}: {error}");
    }
    assert_eq!(roots(&[]).unwrap_err().entry(), None);
    assert_eq!(roots(&["/b", "/a"]).unwrap().source(), ["/b", "/a"]);
}

proptest! {
    /// Law: what matches a root stays under it when it is resolved segment by segment.
    #[test]
    fn no_match_leads_out(value in "(/|\\.|\\.\\.|a|b|\\\\|/a/b){0,8}") {
        let mut resolved = Vec::new();
        for segment in value.split('/') {
            match segment {
                "" | "." => {}
                ".." => { resolved.pop(); }
                name => resolved.push(name),
            }
        }
        let inside = value.starts_with('/') && resolved.starts_with(&["a", "b"]);
        let answer = check(&["/a/b"], &value);
        prop_assert!(answer != Answer::Match || inside, "{}", value);
        if value == format!("/{}", resolved.join("/")) && !value.contains('\\') {
            prop_assert_eq!(answer, Answer::of(inside), "{}", value);
        } else {
            prop_assert_eq!(answer, Answer::Refuse, "{}", value);
        }
    }

    #[test]
    fn any_value_gets_an_answer(value in any::<String>(), root in "(\\PC|/){0,9}") {
        if let Ok(roots) = roots(&[&root]) {
            prop_assert_eq!(roots.check(&root), Answer::Match);
            let _ = roots.check(&value);
        }
    }
}
