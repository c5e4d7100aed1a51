use std::io::Read as _;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::{Answer, UrlError, UrlRule, UrlSource};

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn source(host: &[&str]) -> UrlSource {
    UrlSource {
        host: strings(host),
        scheme: None,
        port: None,
        path: None,
    }
}

fn rule(source: UrlSource) -> UrlRule {
    UrlRule::new(source).unwrap()
}

/// Any scheme and the ports that the cases below use, so that the host alone decides.
fn any_scheme(host: &[&str]) -> UrlRule {
    let scheme = Some(strings(&super::SCHEMES));
    let port = Some(vec![80, 443, 21, 81, 8080, 8000, 9000, 12456, 123]);
    rule(UrlSource {
        scheme,
        port,
        ..source(host)
    })
}

#[test]
fn host_scheme_and_port_all_count() {
    let plain = rule(source(&["example.org", "*.example.com", "10.0.0.1", "::1"]));
    for (value, fits) in [
        ("https://example.org", true),
        ("https://example.org/", true),
        ("https://example.org/a/b?c=d&e#f", true),
        ("https://example.org/@evil.net/", true),
        ("https://example.org/?u=http://evil.net", true),
        ("https://a.b.example.com/x", true),
        ("https://10.0.0.1/", true),
        ("https://[::1]/", true),
        ("https://10.0.0.2/", false),
        ("https://example.com/", false),
        ("https://evil.net/example.org", false),
        ("https://example.org.evil.net/", false),
        ("http://example.org/", false),
        ("wss://example.org/", false),
        ("https://example.org:8443/", false),
        ("https://example.org:80/", false),
    ] {
        assert_eq!(plain.check(value), Answer::of(fits), "{value}");
    }
    let listed = rule(UrlSource {
        scheme: Some(strings(&["http", "https"])),
        port: Some(vec![8443, 443]),
        ..source(&["example.org"])
    });
    for (value, fits) in [
        ("https://example.org/", true),
        ("https://example.org:8443/", true),
        ("http://example.org:443/", true),
        ("http://example.org/", false),
        ("https://example.org:80/", false),
    ] {
        assert_eq!(listed.check(value), Answer::of(fits), "{value}");
    }
}

#[test]
fn values_in_another_form_are_refused() {
    let rule = any_scheme(&["example.org", "*.example.org", "127.0.0.1", "::1"]);
    for value in [
        "",
        "example.org",
        "//example.org/",
        "/a",
        "https:example.org",
        "https:/example.org/",
        "https:///example.org/",
        "HTTPS://example.org/",
        "https://EXAMPLE.org/",
        "https://example.org./",
        "https://example.org:443/",
        "https://example.org:/",
        "https://example.org:0443/",
        "https://example.org:+443/",
        "https://example.org:99999/",
        "https://example.org?q",
        "https://example.org#f",
        "https://user@example.org/",
        "https://u:p@example.org/",
        "https://@example.org/",
        "https://:@example.org/",
        "https://evil.net@example.org/",
        "https://example.org@evil.net/",
        "https://example.org:80@evil.net/",
        "https://example.org\\@evil.net/",
        "https://evil.net\\@example.org/",
        "https://example.org#@evil.net/",
        "https://example.org?@evil.net/",
        "https://evil.net#@example.org/",
        "https://example.org/a/../b",
        "https://example.org/./a",
        "https://example.org/%2e%2e/a",
        "https://example.org/a b",
        " https://example.org/",
        "https://example.org/\n",
        "https://exam\tple.org/",
        "https://example.org/é",
        "https://exämple.org/",
        "https://ex%61mple.org/",
        "https://example。org/",
        "https://127.1/",
        "https://0x7f.0.0.1/",
        "https://2130706433/",
        "https://127.0.0.1./",
        "https://[0::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::1%25lo]/",
        "https://::1/",
        "https://[::1/",
        "https://[::1]x/",
        "file:///etc/passwd",
        "file://example.org/etc",
        "data:text/html,x",
        "javascript://example.org/%0aalert(1)",
        "gopher://example.org/",
        "blob:https://example.org/",
        "https://a\0.example.org/",
        "https://-a.example.org/",
        "https://xn--.example.org/",
        "https://a_.example.org\u{ff0f}x/",
    ] {
        assert_eq!(rule.check(value), Answer::Refuse, "{value:?}");
    }
    assert_eq!(
        rule.check(&format!("https://xn--{}.org/", "a".repeat(5_000_000))),
        Answer::Refuse
    );
}

#[test]
fn a_refusal_is_stronger_than_no_match() {
    let by_name = rule(UrlSource {
        path: Some(strings(&["/v1"])),
        ..source(&["example.org"])
    });
    assert_eq!(by_name.check("http://10.0.0.1/"), Answer::Refuse);
    assert_eq!(by_name.check("https://evil.net/v1/%2e"), Answer::Refuse);
    assert_eq!(by_name.check("https://evil.net/v1/%2f"), Answer::Refuse);
    assert_eq!(by_name.check("https://evil.net/v1/a"), Answer::NoMatch);
}

#[test]
fn paths_are_compared_by_whole_segments() {
    let rule = rule(UrlSource {
        path: Some(strings(&["/v1", "/a%20b"])),
        ..source(&["h.example"])
    });
    for (path, answer) in [
        ("/v1", Answer::Match),
        ("/v1/", Answer::Match),
        ("/v1/x/y?z=/../..#/..", Answer::Match),
        ("/v1/a;b=c/%41%25", Answer::Match),
        ("/a%20b/c", Answer::Match),
        ("", Answer::NoMatch),
        ("/", Answer::NoMatch),
        ("/v2", Answer::NoMatch),
        ("/v11", Answer::NoMatch),
        ("/V1", Answer::NoMatch),
        ("/v1/..%2fv2", Answer::Refuse),
        ("/v1/..%2Fv2", Answer::Refuse),
        ("/v1%5cx", Answer::Refuse),
        ("/v1%5Cx", Answer::Refuse),
        ("/v1/a%2eb", Answer::Refuse),
        ("/v1/%252e%252e/x", Answer::Refuse),
        ("/v1/%25252Fx", Answer::Refuse),
        ("/v1/%25%32%65/x", Answer::Refuse),
        ("/v1/%252%65/x", Answer::Refuse),
        ("/v1/100%25/50%25off", Answer::Match),
        ("/v1/%00", Answer::Refuse),
        ("/v1/%zz", Answer::Refuse),
        ("/v1/%4", Answer::Refuse),
        ("/v1/..;/v2", Answer::Refuse),
        ("/v1/.;x/v2", Answer::Refuse),
        ("/v1/;x/v2", Answer::Refuse),
        ("/v1//x", Answer::Refuse),
        ("//v1", Answer::Refuse),
        ("/v1//", Answer::Refuse),
        ("/v1/../v2", Answer::Refuse),
    ] {
        assert_eq!(
            rule.check(&format!("https://h.example{path}")),
            answer,
            "{path}"
        );
    }
    let root = UrlRule::new(UrlSource {
        path: Some(strings(&["/"])),
        ..source(&["h.example"])
    })
    .unwrap();
    assert_eq!(root.check("https://h.example"), Answer::Match);
    assert_eq!(root.check("https://h.example/a%2fb"), Answer::Refuse);
}

#[test]
fn what_cannot_be_meant_is_an_error() {
    let fail = |source: UrlSource, key: &str, entry: Option<usize>, message: &str| {
        let error: UrlError = UrlRule::new(source).unwrap_err();
        assert_eq!((error.key(), error.entry()), (key, entry), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    };
    fail(source(&[]), "host", None, "list of hosts is empty");
    fail(source(&["ok", "*"]), "host", Some(1), "any host");
    for (schemes, entry, message) in [
        (&[][..], None, "leave `scheme` out"),
        (&["https", "HTTP"], Some(1), "write `http`"),
        (&["https://"], Some(0), "write `https`"),
        (&["file"], Some(0), "not a scheme"),
    ] {
        fail(
            UrlSource {
                scheme: Some(strings(schemes)),
                ..source(&["a"])
            },
            "scheme",
            entry,
            message,
        );
    }
    fail(
        UrlSource {
            port: Some(vec![]),
            ..source(&["a"])
        },
        "port",
        None,
        "leave `port` out",
    );
    fail(
        UrlSource {
            port: Some(vec![443, 0]),
            ..source(&["a"])
        },
        "port",
        Some(1),
        "1 to 65535",
    );
    for (paths, entry, message) in [
        (&[][..], None, "list of paths is empty"),
        (&["/a/"], Some(0), "write `/a`"),
        (&["/a", "/a b"], Some(1), "write `/a%20b`"),
        (&["/é"], Some(0), "write `/%C3%A9`"),
        (&["/a?b"], Some(0), "write `/a%3Fb`"),
        (&["/a%2fb"], Some(0), "two ways"),
        (&["/a/%2e%2e/b"], Some(0), "write `/b`"),
        (&["/..;"], Some(0), "two ways"),
    ] {
        fail(
            UrlSource {
                path: Some(strings(paths)),
                ..source(&["a"])
            },
            "path",
            entry,
            message,
        );
    }
    assert_eq!(rule(source(&["B", "a"])).source(), &source(&["B", "a"]));
    assert_ne!(rule(source(&["B", "a"])), rule(source(&["a", "B"])));
}

fn data(test: &str, name: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("SKIPPED: {test} (PORTCULLIS_TEST_DATA is unset)");
        return None;
    };
    let bytes = std::fs::read(Path::new(&folder).join("urls").join(name)).unwrap();
    let mut text = Vec::new();
    match name.strip_suffix(".gz") {
        Some(_) => flate2::read::GzDecoder::new(&bytes[..])
            .read_to_end(&mut text)
            .unwrap(),
        None => (&bytes[..]).read_to_end(&mut text).unwrap(),
    };
    Some(serde_json::from_slice(&text).unwrap())
}

/// Law: no URL is matched whose host, to the WHATWG parser, is another than the listed one, and none that fails there.
#[test]
fn wpt_hosts_are_never_confused() {
    let Some(data) = data("wpt_hosts_are_never_confused", "wpt.json.gz") else {
        return;
    };
    let cases = data["cases"].as_array().unwrap();
    let text = |case: &Value, key: &str| case[key].as_str().unwrap_or("").to_owned();
    let mut hosts: Vec<_> = cases.iter().map(|case| text(case, "hostname")).collect();
    hosts.sort();
    hosts.dedup();
    let rules: Vec<_> = hosts
        .into_iter()
        .filter(|host| super::Host::parse(host).is_some())
        .map(|host| (any_scheme(&[&host]), host))
        .collect();
    assert!(rules.len() > 30, "{}", rules.len());
    let (mut inputs, mut hrefs) = (0, 0);
    for case in cases {
        // Without the base that some inputs are relative to, these are not URLs at all.
        for (key, count) in [("input", &mut inputs), ("href", &mut hrefs)] {
            let value = text(case, key);
            let host = text(case, "hostname");
            for (rule, listed) in &rules {
                if rule.check(&value) == Answer::Match {
                    assert!(case["failure"].as_bool().is_none(), "{case}");
                    assert_eq!(*listed, host, "{case}");
                    *count += 1;
                }
            }
        }
    }
    assert!(
        inputs > 30 && hrefs > 100,
        "{inputs} inputs and {hrefs} hrefs matched"
    );
    eprintln!(
        "matched {inputs} inputs and {hrefs} hrefs against {} hosts",
        rules.len()
    );
}

/// Law: a rule that lists names, and addresses outside the special ranges, matches no URL that must be blocked for
/// the address it writes.
#[test]
fn ssrf_urls_are_never_matched() {
    let Some(data) = data("ssrf_urls_are_never_matched", "ssrf.json") else {
        return;
    };
    let rule = any_scheme(&[
        "a.com",
        "*.com",
        "*.test",
        "*.io",
        "192.0.2.9",
        "2606:4700::1111",
    ]);
    let mut checked = 0;
    for case in data["cases"].as_array().unwrap() {
        let Some(url) = case["url"].as_str() else {
            continue;
        };
        // What a name resolves to is not for a matcher of texts to know.
        let by_name = case["resolves_to"].is_array() && !url.contains('@');
        assert!(by_name || rule.check(url) != Answer::Match, "{case}");
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Law: a matched value names the listed host to the WHATWG parser, to RFC 3986 and to whoever cuts at the
    /// first `/`, `?`, `#`, `\` or last `@`.
    #[test]
    fn every_reading_finds_the_listed_host(
        value in "(https|http|wss|HTTPS)?(://|:/|:|:\\\\\\\\)?([ab]\\.c|@|:80|:|/|\\?|#|\\\\|%2f|%40|\\.|[\\t\\n ]|[a-c]|\\[::1\\]|10\\.0\\.0\\.1|;){0,10}",
    ) {
        let rule = any_scheme(&["a.c", "10.0.0.1", "::1"]);
        let answer = rule.check(&value);
        if answer == Answer::Match {
            let listed = ["a.c", "10.0.0.1", "[::1]"];
            let url = url::Url::parse(&value).unwrap();
            prop_assert!(listed.contains(&url.host_str().unwrap()));
            let after = value.split_once("://").unwrap().1;
            let authority = after.split(['/', '?', '#', '\\']).next().unwrap();
            prop_assert!(!authority.contains('@'));
            let host = authority.strip_suffix(":80").unwrap_or(authority);
            prop_assert!(listed.contains(&host), "{}", value);
            let greedy = after.rsplit('@').next().unwrap();
            prop_assert!(greedy == after || after.find('/') < after.rfind('@'), "{}", value);
        }
    }

    #[test]
    fn any_value_gets_an_answer(value in any::<String>(), path in "(\\PC|[%/.;25ef]){0,12}") {
        let _ = any_scheme(&["a.c"]).check(&value);
        let source = UrlSource { path: Some(vec![path.clone()]), ..source(&["a.c"]) };
        if let Ok(rule) = UrlRule::new(source) {
            prop_assert_eq!(rule.check(&format!("https://a.c{path}")), Answer::Match);
        }
    }
}
