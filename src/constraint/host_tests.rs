use proptest::prelude::*;

use super::{Answer, HostError, Hosts};

fn hosts(list: &[&str]) -> Result<Hosts, HostError> {
    Hosts::new(list.iter().map(ToString::to_string).collect())
}

fn check(list: &[&str], value: &str) -> Answer {
    hosts(list).unwrap().check(value)
}

#[test]
fn names_and_wildcards() {
    let list = [
        "example.org",
        "*.Example.com",
        "xn--bcher-kva.example",
        "intranet",
        "*.a.b",
    ];
    for (value, fits) in [
        ("example.org", true),
        ("EXAMPLE.org", true),
        ("www.example.org", false),
        ("example.org.evil.net", false),
        ("notexample.org", false),
        ("www.example.com", true),
        ("a.b.c.EXAMPLE.com", true),
        ("_sip._tcp.example.com", true),
        ("example.com", false),
        ("notexample.com", false),
        ("xn--bcher-kva.example", true),
        ("intranet", true),
        ("c.a.b", true),
        ("a.b", false),
    ] {
        assert_eq!(check(&list, value), Answer::of(fits), "{value}");
    }
}

#[test]
fn values_in_another_form_are_refused() {
    let long_label = format!("{}.example.org", "a".repeat(64));
    let long_name = format!("{}example.org", "a.".repeat(122));
    for value in [
        "",
        ".",
        "example.org.",
        ".example.org",
        "a..example.org",
        "user@example.org",
        "example.org:443",
        "example.org/",
        "example.org%2f",
        "http://example.org",
        "ex ample.org",
        "example.org\n",
        "example.org\0",
        "éxample.org",
        "ex\u{ad}ample.org",
        "example。org",
        "*.example.org",
        "a\\example.org",
        "-a.example.org",
        "a-.example.org",
        "[example.org]",
        "a,example.org",
        &long_label,
        &long_name,
    ] {
        assert_eq!(
            check(&["*.example.org", "example.org", "10.0.0.1", "::1"], value),
            Answer::Refuse,
            "{value:?}"
        );
    }
    let longest = format!("{}.example.org", vec!["a".repeat(63); 3].join("."));
    assert_eq!(check(&["*.example.org"], &longest), Answer::Match);
    assert_eq!(
        check(&["*.org"], &format!("{}example.org", "a.".repeat(121))),
        Answer::Match
    );
}

#[test]
fn addresses_match_only_as_listed() {
    let list = ["10.0.0.1", "[::1]", "*.example.org"];
    for (value, answer) in [
        ("10.0.0.1", Answer::Match),
        ("10.0.0.2", Answer::NoMatch),
        ("::1", Answer::Match),
        ("[::1]", Answer::Match),
        ("[::2]", Answer::NoMatch),
        ("012.0.0.1", Answer::Refuse),
        ("10.1", Answer::Refuse),
        ("10.0.1", Answer::Refuse),
        ("0xa000001", Answer::Refuse),
        ("0XA.0.0.1", Answer::Refuse),
        ("10.0.0.0x1", Answer::Refuse),
        ("10.0.0.0X1", Answer::Refuse),
        ("a.example.org.0Xff", Answer::Refuse),
        ("10.0.0.0x", Answer::Refuse),
        ("167772161", Answer::Refuse),
        ("10.0.0.256", Answer::Refuse),
        ("1.10.0.0.1", Answer::Refuse),
        ("example.org.1", Answer::Refuse),
        ("[10.0.0.1]", Answer::Refuse),
        ("[::1", Answer::Refuse),
        ("::1]", Answer::Refuse),
        ("[[::1]]", Answer::Refuse),
        ("[0:0:0:0:0:0:0:1]", Answer::Refuse),
        ("[::ffff:10.0.0.1]", Answer::Refuse),
        ("[::ffff:a00:1]", Answer::Refuse),
        ("[fe80::1%25eth0]", Answer::Refuse),
        ("fe80::1%eth0", Answer::Refuse),
    ] {
        assert_eq!(check(&list, value), answer, "{value}");
    }
}

#[test]
fn a_list_speaks_of_the_kinds_it_holds() {
    assert_eq!(check(&["example.org"], "10.0.0.1"), Answer::Refuse);
    assert_eq!(check(&["example.org", "::1"], "10.0.0.1"), Answer::Refuse);
    assert_eq!(check(&["10.0.0.1"], "[::1]"), Answer::Refuse);
    assert_eq!(check(&["10.0.0.1"], "example.org"), Answer::Refuse);
    assert_eq!(check(&["*.example.org"], "evil.net"), Answer::NoMatch);
}

#[test]
fn what_cannot_be_meant_is_an_error() {
    for (host, message) in [
        ("*", "any host"),
        ("*.", "any host"),
        ("a.*.org", "only in front"),
        ("*a.org", "only in front"),
        ("*.*.org", "only in front"),
        ("**.a.org", "only in front"),
        ("*.10.0.0.1", "never stands for an IP address"),
        ("*.[::1]", "never stands for an IP address"),
        ("https://example.org", "use `url`"),
        ("example.org/a", "use `url`"),
        ("u@example.org", "user information"),
        ("example.org:443", "holds a port"),
        ("[::1]:443", "holds a port"),
        ("example.org.", "write `example.org`"),
        ("bücher.example", "`xn--`"),
        ("2001:DB8::1", "write `2001:db8::1`"),
        ("[::ffff:10.0.0.1]", "IPv4-mapped"),
        ("0x7f.1", "four decimal numbers"),
        ("127.1", "four decimal numbers"),
        ("", "not a host name"),
        ("a b", "not a host name"),
        (".example.org", "not a host name"),
        ("-a.org", "not a host name"),
    ] {
        let error = hosts(&["ok", host]).expect_err(host);
        assert_eq!(error.entry(), Some(1));
        assert!(error.to_string().contains(message), "{host}: {error}");
    }
    assert_eq!(hosts(&[]).unwrap_err().entry(), None);
    assert_eq!(
        hosts(&["B.org", "a.org"]).unwrap().source(),
        ["B.org", "a.org"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Law: a wildcard matches exactly the well-formed names that end in its parent and a dot.
    #[test]
    fn wildcards_are_suffixes(value in "([a-cA-C1_.-]|a\\.b|\\.b){0,12}") {
        let answer = check(&["*.a.b"], &value);
        if answer != Answer::Refuse {
            let below = value.to_ascii_lowercase().ends_with(".a.b");
            prop_assert_eq!(answer, Answer::of(below), "{}", value);
        }
    }

    /// Law: what is not refused is a host to the WHATWG parser too, and the same one.
    #[test]
    fn other_parsers_read_the_same_host(value in "([a-c0-9xX]|[-_.:\\[\\]%@/]|\\.com|0x|10|\\.0|::1){1,10}") {
        if check(&["a", "10.0.0.1", "::1"], &value) == Answer::Refuse || value.contains("xn--") {
            return Ok(());
        }
        let bracketed = if value.contains(':') && !value.starts_with('[') { format!("[{value}]") } else { value.clone() };
        let url = url::Url::parse(&format!("https://{bracketed}/")).unwrap();
        prop_assert_eq!(url.host_str().unwrap(), bracketed.to_ascii_lowercase());
    }

    #[test]
    fn any_text_gets_an_answer(entry in "(\\PC|\\*\\.|[a-z0-9.:\\[\\]]){0,12}", value in any::<String>()) {
        if let Ok(hosts) = hosts(&[&entry]) {
            let _ = hosts.check(&value);
            let below = entry.strip_prefix('*').map_or(entry.clone(), |rest| format!("a{rest}"));
            prop_assert_eq!(hosts.check(&below), Answer::Match);
        }
    }
}
