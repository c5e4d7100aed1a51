//! Prefixes that let more pass than they seem to.

use crate::constraint::{Answer, Check};
use crate::finding::{Lint, Says};
use crate::text::Plain;

/// What is wrong with a prefix that stands beside these other checks, if anything. `denied`: it says under `not` what
/// must not be.
///
/// A prefix that is allowed is only objected to with a value that shows why, and that really is admitted.
pub(super) fn fault(
    prefix: &str,
    beside: &[&Check],
    denied: bool,
    subject: &str,
) -> Option<(Lint, Says)> {
    let kind = if ends_inside_host(prefix) {
        Lint::PrefixInsideHost
    } else if is_path(prefix) {
        Lint::PrefixIsAPath
    } else {
        return None;
    };
    let shown = Plain(prefix);
    let why = match denied {
        true => evaded(kind).to_owned(),
        false => {
            let example = examples(kind, prefix)
                .into_iter()
                .find(|text| admit(beside, text))?;
            format!("`{}` begins so too, and {}", Plain(&example), leads(kind))
        }
    };
    let (message, instead) = match kind {
        Lint::PrefixInsideHost => (
            format!("the prefix `{shown}` of {subject} ends inside the host name"),
            format!(
                "end the host with a slash, as in `{shown}/`, or use `url = {{ host = [..] }}`, which reads the URL as its \
                 parser does"
            ),
        ),
        _ => (
            format!("the prefix `{shown}` of {subject} is a path"),
            "write `path`, such as `path = [\"/workspace\"]`, which takes paths without `..` at or under it, or a glob with `/`".to_owned(),
        ),
    };
    Some((
        kind,
        Says {
            message,
            why,
            instead,
        },
    ))
}

fn admit(checks: &[&Check], text: &str) -> bool {
    let view = crate::json::View::String(text);
    checks
        .iter()
        .all(|check| check.answer(view) == Answer::Match)
}

/// The authority of a URL, or what there is of it, goes on to the end of the text.
fn ends_inside_host(prefix: &str) -> bool {
    let authority = match prefix.split_once("//") {
        Some(("", authority)) => authority,
        Some((before, authority)) => match before.strip_suffix(':') {
            Some(scheme) if is_scheme(scheme) => authority,
            _ => return false,
        },
        None => return false,
    };
    !authority.is_empty() && !authority.contains(['/', '?', '#', '\\'])
}

/// RFC 3986, section 3.1; and with colons, as in `jdbc:postgresql`.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':'))
}

fn is_path(prefix: &str) -> bool {
    let mut letters = prefix.chars();
    let drive = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.next() == Some(':')
        && matches!(letters.next(), Some('/' | '\\'))
        && !prefix.contains("://");
    let rooted = prefix.starts_with('/') && !prefix.starts_with("//");
    let file_url = prefix
        .strip_prefix("file://")
        .is_some_and(|path| path.contains('/'));
    rooted
        || drive
        || file_url
        || ["./", "../", "~/"]
            .iter()
            .any(|start| prefix.starts_with(start))
}

fn examples(kind: Lint, prefix: &str) -> Vec<String> {
    let ends: &[&str] = match kind {
        Lint::PrefixInsideHost => &[
            ".evil.example/",
            "@evil.example/",
            ".evil.example",
            "@evil.example",
            "-evil.example/",
        ],
        _ if prefix.ends_with('/') => &["../etc/passwd", "../x", ".."],
        _ => &["/../etc/passwd", "/../x", "/.."],
    };
    ends.iter().map(|end| format!("{prefix}{end}")).collect()
}

fn leads(kind: Lint) -> &'static str {
    match kind {
        Lint::PrefixInsideHost => "goes to another host",
        _ => "leads elsewhere",
    }
}

/// What escapes a prefix that is denied.
fn evaded(kind: Lint) -> &'static str {
    match kind {
        Lint::PrefixInsideHost => {
            "the same host is reached by a URL that is written otherwise: in capitals, or with a name before an `@`"
        }
        _ => {
            "the same file is reached by a path that is written otherwise: with `//`, `/./` or `/x/..`"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(prefix: &str) -> Option<Lint> {
        let check = Check::Prefix(prefix.to_owned());
        fault(prefix, &[&check], false, "`x`").map(|(kind, _)| kind)
    }

    #[test]
    fn hosts_must_be_ended() {
        for prefix in [
            "https://example.com",
            "https://api.exam",
            "//host",
            "https://example.com:443",
            "gs://bucket",
            "jdbc:postgresql://db",
            "HTTPS://user@example.com",
        ] {
            assert_eq!(kind(prefix), Some(Lint::PrefixInsideHost), "{prefix}");
        }
        for prefix in [
            "https://example.com/",
            "https://example.com/api",
            "https://example.com?q=",
            "https://",
            "gs://bucket/",
            "//host/x",
            "a//b",
            "note: see //x",
            "mailto:",
            "reports/",
            "abc",
        ] {
            assert_eq!(kind(prefix), None, "{prefix}");
        }
    }

    #[test]
    fn paths_are_told() {
        for prefix in [
            "/workspace/",
            "/workspace",
            "/",
            "./",
            "~/x",
            "C:\\data",
            "c:/data",
            "file:///workspace/",
        ] {
            assert_eq!(kind(prefix), Some(Lint::PrefixIsAPath), "{prefix}");
        }
        for prefix in ["workspace/", "s3://b/", "C:", "~", ".", "a/b"] {
            assert_eq!(kind(prefix), None, "{prefix}");
        }
    }
}
