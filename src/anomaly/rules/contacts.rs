//! Which hosts and mail domains the arguments of a call name.

use crate::json::View;

/// Tells the host of each URL and the domain of each mail address that stands in a string of an argument, at any depth.
///
/// It is a net, not a wall: a name that is bare, encoded or split is not found. What an agent may reach is for the
/// constraints of its policy to say.
pub(in crate::anomaly) fn destinations(view: View<'_>, tell: &mut impl FnMut(&str)) {
    match view {
        View::String(text) => in_text(text, tell),
        View::Array(elements) => {
            let elements = (0..elements.len()).filter_map(|index| elements.element(index));
            elements.for_each(|element| destinations(element, tell));
        }
        View::Object(object) => {
            for (_, value) in object.iter() {
                destinations(value.view(), tell);
            }
        }
        _ => {}
    }
}

/// Looks at each `://` and each `@`; what lies between two of them is looked at once.
fn in_text(text: &str, tell: &mut impl FnMut(&str)) {
    let mut rest = text;
    while let Some(at) = rest.find(['@', ':']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or_default();
        rest = if let Some(authority) = from.strip_prefix("://") {
            after_url(authority, tell)
        } else if let Some(domain) = from.strip_prefix('@') {
            after_mail(before, domain, tell)
        } else {
            from.get(1..).unwrap_or_default()
        };
    }
}

/// `user@host:port`, up to where an authority ends (RFC 3986, section 3.2); a backslash ends one too, as in browsers.
fn after_url<'t>(text: &'t str, tell: &mut impl FnMut(&str)) -> &'t str {
    let ends = |character: char| {
        matches!(
            character,
            '/' | '\\' | '?' | '#' | '"' | '\'' | '<' | '>' | '`' | ',' | ';'
        ) || character.is_whitespace()
    };
    let end = text.find(ends).unwrap_or(text.len());
    let (authority, rest) = text.split_at_checked(end).unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    tell_name(host, tell);
    rest
}

fn after_mail<'t>(before: &str, text: &'t str, tell: &mut impl FnMut(&str)) -> &'t str {
    let is_name =
        |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
    let end = text
        .find(|character| !is_name(character))
        .unwrap_or(text.len());
    let (domain, rest) = text.split_at_checked(end).unwrap_or_default();
    let has_user = before
        .chars()
        .next_back()
        .is_some_and(|last| !last.is_whitespace());
    if has_user && domain.trim_matches('.').contains('.') {
        tell_name(domain, tell);
    }
    rest
}

fn tell_name(name: &str, tell: &mut impl FnMut(&str)) {
    let name = name.trim_matches(['.', ')', '(']);
    if !name.is_empty() {
        tell(name);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::call::Args;

    fn found(json: &str) -> Vec<String> {
        let args = Args::parse(json).unwrap();
        let mut found = Vec::new();
        for (_, value) in args.view().iter() {
            destinations(value, &mut |host: &str| found.push(host.to_owned()));
        }
        found
    }

    #[test]
    fn urls_and_mail_addresses_name_destinations() {
        for (json, hosts) in [
            (
                r#"{"a": "https://api.example.com/x?y=z"}"#,
                &["api.example.com"][..],
            ),
            (
                r#"{"a": ["see (http://a.example), or b@c.example."]}"#,
                &["a.example", "c.example"],
            ),
            (
                r#"{"a": {"b": "ftp://user:secret@host.example:21/"}}"#,
                &["host.example"],
            ),
            (
                r#"{"a": "http://good.example@evil.example\\@good.example/"}"#,
                &["evil.example", "good.example"],
            ),
            (r#"{"a": "http://[2001:db8::1]:80/"}"#, &["2001:db8::1"]),
            (
                r#"{"a": "http://a.example,http://b.example"}"#,
                &["a.example", "b.example"],
            ),
            (
                r#"{"a": "mailto:x@sub.example.org?cc=y@other.example"}"#,
                &["sub.example.org", "other.example"],
            ),
            (r#"{"a": "at 10:30 @ noon, a@b, @team, C:\\x, 5"}"#, &[]),
            (r#"{"a": 5, "b": null, "c": "://"}"#, &[]),
        ] {
            assert_eq!(found(json), hosts, "{json}");
        }
    }

    proptest! {
        /// No text makes it go on for ever or slice where it must not.
        #[test]
        fn any_text_is_read(text in "[a@:/.é \\\\\\[\\]]{0,40}") {
            in_text(&text, &mut |host: &str| assert!(!host.is_empty()));
        }
    }
}
