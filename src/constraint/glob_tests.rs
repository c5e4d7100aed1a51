use proptest::prelude::*;

use super::{Answer, Glob, GlobError};

fn glob(source: &str) -> Glob {
    Glob::new(source).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn check(source: &str, value: &str) -> Answer {
    glob(source).check(value)
}

fn error(source: &str) -> GlobError {
    Glob::new(source).expect_err(source)
}

#[test]
fn stars_stay_within_a_segment_and_double_stars_do_not() {
    for (source, value, fits) in [
        ("reports/*.csv", "reports/q1.csv", true),
        ("reports/*.csv", "reports/.csv", true),
        ("reports/*.csv", "reports/a/q1.csv", false),
        ("reports/*.csv", "reports/q1.csv\n", false),
        ("reports/*.csv", "Reports/q1.csv", false),
        ("reports/**/x.csv", "reports/x.csv", true),
        ("reports/**/x.csv", "reports/a/b/x.csv", true),
        ("reports/**/x.csv", "reports/ax.csv", false),
        ("reports/**", "reports/a/b", true),
        ("reports/**", "reports", false),
        ("**/x", "x", true),
        ("**/x", "a/b/x", true),
        ("**/x", "/x", true),
        ("**/x", "ax", false),
        ("/**/x", "/x", true),
        ("/**/x", "/a/x", true),
        ("a**/b", "axy/z/b", true),
        ("a**/b", "ab", false),
        ("a/**/**/b", "a/b", true),
        ("/", "/", true),
        ("/**", "/", true),
        ("*", "", true),
        ("*", "a\nb", true),
        ("*", "a/b", false),
        ("**", "a//../b", true),
        ("*.csv", "..csv", true),
        ("a.b", "axb", false),
        ("(a|b)+^$", "(a|b)+^$", true),
    ] {
        assert_eq!(
            check(source, value),
            Answer::of(fits),
            "{source} on {value:?}"
        );
    }
}

#[test]
fn values_that_are_not_plain_paths_are_refused() {
    for value in [
        "", "a//b", "a/./b", "a/../b", "../a", "..", ".", "a/..", "a/", "//a", "a\0b", "a\\b",
        "//", "/a/",
    ] {
        for source in ["**/b", "a/**", "/**", "*/*"] {
            assert_eq!(
                check(source, value),
                Answer::Refuse,
                "{source} on {value:?}"
            );
        }
    }
    assert_eq!(check("a/**", "a/...//x"), Answer::Refuse);
    assert_eq!(check("a/**", "a/.../x"), Answer::Match);
}

#[test]
fn what_cannot_be_meant_is_an_error() {
    for (source, offset, message) in [
        ("", 0, "empty"),
        (
            "a?",
            1,
            "`?` is not allowed in a glob; only `*` and `**` are special here; use `pattern`",
        ),
        ("é[a]", 2, "`[`"),
        ("a]", 1, "`]`"),
        ("{a,b}", 0, "`{`"),
        ("a}", 1, "`}`"),
        (r"a\*", 1, r"`\`"),
        ("a/***", 2, "more than two"),
        ("a//b", 2, "empty segment"),
        ("gs://b/*", 4, "use `prefix`"),
        ("a/", 2, "empty segment"),
        ("a/**/", 5, "empty segment"),
        ("//", 1, "empty segment"),
        ("/a/../*", 3, "`..`"),
        ("./a", 0, "`.`"),
        ("..", 0, "`..`"),
        ("a\0/b", 1, "NUL"),
        ("**/*a*/*/*/*/*/*/*/*/*/*/*/*/*/*", 0, "more than 1 MiB"),
    ] {
        let error = error(source);
        assert_eq!(error.offset(), offset, "{source}: {error}");
        assert!(error.to_string().contains(message), "{source}: {error}");
    }
    assert!(error(&"a".repeat(4097)).to_string().contains("4097"));
}

#[test]
fn equality_and_debug_go_by_source() {
    assert_eq!(glob("a/*"), glob("a/*").clone());
    assert_ne!(glob("a/*"), glob("a/**"));
    assert_eq!(
        format!("{:?} {}", glob("*"), glob("*").source()),
        r#"Glob("*") *"#
    );
}

#[test]
fn many_stars_take_linear_time() {
    let value = "a".repeat(1_000_000);
    assert_eq!(check(&"*a".repeat(100), &value), Answer::Match);
    assert_eq!(check(&("**a".repeat(100) + "b"), &value), Answer::NoMatch);
}

/// The rules of globs, tried out one by one.
fn plain_match(glob: &[u8], value: &[u8], at_segment_start: bool) -> bool {
    let runs = |rest: &[u8], stop: Option<u8>| {
        let longest = value
            .iter()
            .position(|byte| Some(*byte) == stop)
            .unwrap_or(value.len());
        (0..=longest).any(|taken| plain_match(rest, &value[taken..], false))
    };
    match glob {
        [b'*', b'*', b'/', rest @ ..] if at_segment_start => {
            let slashes = (0..value.len()).filter(|at| value[*at] == b'/');
            plain_match(rest, value, true)
                || slashes
                    .into_iter()
                    .any(|at| plain_match(rest, &value[at + 1..], true))
        }
        [b'*', b'*', rest @ ..] => runs(rest, None),
        [b'*', rest @ ..] => runs(rest, Some(b'/')),
        [own, rest @ ..] => {
            value.first() == Some(own) && plain_match(rest, &value[1..], *own == b'/')
        }
        [] => value.is_empty(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// Law: a glob answers as its rules, tried one by one.
    #[test]
    fn agrees_with_a_plain_matcher(
        source in "/?(\\*|\\*\\*|[ab.]|[ab]/|\\*/|\\*\\*/){1,8}",
        values in prop::collection::vec("/?([ab.]{1,3}/){0,3}[ab.]{0,3}", 16),
    ) {
        let Ok(glob) = Glob::new(&source) else { return Ok(()) };
        for value in values {
            let bad = |segment: &str| matches!(segment, "" | "." | "..");
            let refused = source.contains('/')
                && value != "/"
                && value.strip_prefix('/').unwrap_or(&value).split('/').any(bad);
            let expected = if refused {
                Answer::Refuse
            } else {
                Answer::of(plain_match(source.as_bytes(), value.as_bytes(), true))
            };
            prop_assert_eq!(glob.check(&value), expected, "{} on {:?}", source, value);
        }
    }

    /// Law: any text is a glob or an error within it, and a glob answers any value.
    #[test]
    fn any_text_is_a_glob_or_an_error(source in "(\\PC|[*/.]){0,30}", value in any::<String>()) {
        match Glob::new(&source) {
            Ok(glob) => { let _ = glob.check(&value); }
            Err(error) => prop_assert!(source.is_char_boundary(error.offset()), "{}", error),
        }
    }
}
