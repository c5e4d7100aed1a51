//! Values that are not what they seem.

use portcullis::{Code, Session};

use super::{code, session};

/// A session that may call `t` with a parameter `v` held to this constraint.
fn held_to(constraint: &str) -> Session {
    session(&format!(
        r#"{{"tool_name": "t", "allowed_params": {{"v": {constraint}}}}}"#
    ))
    .0
}

/// Values, as JSON text with two spaces or more between them, and what the constraint makes of each.
fn expect(constraint: &str, expected: Code, values: &str) {
    let session = held_to(constraint);
    for value in values
        .split("  ")
        .map(str::trim)
        .filter(|value| !value.is_empty())
    {
        let found = code(session.call("t", &format!(r#"{{"v": {value}}}"#)));
        assert_eq!(found, expected, "{constraint} {value}");
    }
}

fn allows(constraint: &str, values: &str) {
    expect(constraint, Code::Allowed, values);
}

fn stops(constraint: &str, values: &str) {
    expect(constraint, Code::Constraint, values);
}

fn malformed(constraint: &str, values: &str) {
    expect(constraint, Code::Malformed, values);
}

#[test]
fn paths() {
    let odd = r#"
        "/workspace/../etc/passwd"  "/workspace/.."  "/workspace/./a"  "/workspace//a"
        "//workspace"  "/workspace/"  "/workspace/a/"  "workspace/a"  ""  "."  "~/a"
        "/workspace/a\u0000.txt"  "/workspace\\..\\etc"  "C:\\workspace"  "file:///workspace/a"
        ["/workspace/a"]  null  1
    "#;
    let elsewhere = r#"
        "/workspacex"  "/Workspace/a"  "/"  "/etc/passwd"  "/work"  "/workspace\n/a"
        "/w\u043erkspace/a"  "/workspace\u2215a"  "/%77orkspace/a"
    "#;
    stops(r#"{"path": ["/workspace"]}"#, odd);
    stops(r#"{"path": ["/workspace"]}"#, elsewhere);
    allows(
        r#"{"path": ["/workspace"]}"#,
        r#"
        "/workspace"  "/workspace/a"  "/workspace/..a/..."  "/workspace/%2e%2e"
    "#,
    );
    // Under `not`, what lies elsewhere passes, but what cannot be judged does not.
    let not = r#"{"not": {"path": ["/workspace"]}}"#;
    stops(not, odd);
    allows(not, elsewhere);
    let not_any = r#"{"not": {"any_of": [["x"], {"path": ["/workspace"]}]}}"#;
    stops(not_any, odd);
    stops(not_any, r#""x"  "/workspace/a""#);
    let beside = r#"{"any_of": [{"path": ["/workspace"]}, {"not": ["x"]}]}"#;
    allows(beside, r#""/workspace/../etc""#);
    stops(r#"{"any_of": [{"path": ["/workspace"]}, ["x"]]}"#, odd);
}

#[test]
fn globs() {
    let odd = r#"
        "reports/../secret.csv"  "reports/./q.csv"  "reports//q.csv"  "reports/.."  ""  "reports/"
        "reports\\..\\q.csv"  "reports/q\u0000.csv"
    "#;
    stops(r#"{"glob": "reports/*.csv"}"#, odd);
    stops(r#"{"not": {"glob": "reports/*.csv"}}"#, odd);
    stops(
        r#"{"not": {"any_of": [["x"], {"glob": "reports/*.csv"}]}}"#,
        odd,
    );
    stops(r#"{"glob": "reports/**"}"#, odd);
    stops(
        r#"{"glob": "reports/*.csv"}"#,
        r#"
        "reports/a/q.csv"  "reports/q.csv\n"  "Reports/q.csv"  "reports/q.csv/"  "xreports/q.csv"
    "#,
    );
    allows(
        r#"{"glob": "reports/*.csv"}"#,
        r#""reports/q.csv"  "reports/.csv"  "reports/a b\n.csv""#,
    );
    allows(
        r#"{"glob": "reports/**/q.csv"}"#,
        r#""reports/q.csv"  "reports/a/b/q.csv""#,
    );
    // Without a slash it is not about paths.
    allows(r#"{"glob": "*.csv"}"#, r#""..csv"  ".csv""#);
    stops(r#"{"glob": "*.csv"}"#, r#""../q.csv"  "a/q.csv""#);
}

#[test]
fn numbers() {
    let range = r#"{"min": 1, "max": 50}"#;
    allows(range, r#"1  50  1.0  1e0  5e1  50.0  1.5  10e-1"#);
    stops(
        range,
        r#"
        0  51  -1  0.9999999999999999  50.00000000000001  1e300  -1e300  18446744073709551615  -0
        0.0  "1"  true  [1]  null  {"v": 1}
    "#,
    );
    malformed(
        range,
        r#"
        1e400  -1e400  18446744073709551616  -9223372036854775809  0.99999999999999999999
        50.000000000000000001  1e-400  -0.5e-18446744073709551615  1e18446744073709551615  01  +1  .5  1.  0x1  NaN  Infinity  1_0  1e  --1
    "#,
    );
    // 2^53 and its neighbour are one and the same only for those who read numbers as doubles.
    stops(r#"{"max": 9007199254740992}"#, r#"9007199254740993"#);
    malformed(r#"{"max": 9007199254740992}"#, r#"9007199254740993.0"#);
    stops(
        r#"{"above": 9007199254740992.0}"#,
        r#"9007199254740992  9007199254740992.0"#,
    );
    allows(r#"{"above": 9007199254740992.0}"#, r#"9007199254740993"#);
    stops(
        r#"{"below": 18446744073709551615}"#,
        r#"18446744073709551615  1.8446744073709552e19"#,
    );
    stops(
        "[9007199254740992]",
        r#"9007199254740993  9007199254740992.0"#,
    );
    // By kind and value.
    stops("[1]", r#"1.0  1e0  true  "1"  [1]  null"#);
    stops(r#"{"not": [1]}"#, r#"1.0  1e0  true  "1"  [1]  null"#);
    stops("[0.0]", r#"-0  -0.0  0"#);
    allows(r#"{"min": 0}"#, r#"-0  -0.0  0"#);
    stops(r#"{"above": 0}"#, r#"-0  -0.0  0  0.0"#);
    allows(r#"{"above": 0}"#, r#"5e-324"#);
    stops(r#"{"type": "integer"}"#, r#"1.0  1e2  -0"#);
    allows(r#"{"type": "number"}"#, r#"1.0  1  -0"#);
}

#[test]
fn strings() {
    let symbol = r#"{"pattern": "[A-Z]{1,5}"}"#;
    allows(symbol, r#""NVDA"  "\u004eVDA""#);
    stops(
        symbol,
        r#"
        "NVDA\n"  "\nNVDA"  "x\nNVDA"  "NVDA\r\n"  "NVDA\u0000"  "nvda"  "NVDA "  ""  "ABCDEF"
    "#,
    );
    // Combining characters, look-alikes, invisible ones.
    stops(
        symbol,
        r#"
        "NVDA\u0301"  "N\u0412DA"  "\uff2eVDA"  "NV\u200bDA"  "\u202eNVDA"
    "#,
    );
    for anchored in [
        r#"{"pattern": "^[A-Z]+$"}"#,
        r#"{"pattern": "(?m)^[A-Z]+$"}"#,
        r#"{"pattern": "\\A[A-Z]+\\z"}"#,
    ] {
        allows(anchored, r#""NVDA""#);
        stops(anchored, r#""NVDA\n"  "x\nNVDA"  "NVDA\nx""#);
    }
    stops(r#"{"pattern": "\\d+"}"#, r#""\u0661\u0662"  "\uff11""#);
    stops(r#"{"pattern": "\\w+"}"#, r#""\u00e9"  "\u212a""#);
    stops(r#"{"pattern": "(?i)k"}"#, r#""\u212a""#);
    stops(r#"{"pattern": "(?i)s"}"#, r#""\u017f""#);
    stops(r#"{"pattern": "a.b"}"#, r#""a\nb""#);
    // An alternative that matches a part is no match of the whole.
    stops(r#"{"pattern": "a|ab"}"#, r#""abc""#);
    allows(r#"{"pattern": "a|ab"}"#, r#""ab""#);
    stops(
        r#"["NYSE"]"#,
        r#"
        "nyse"  "NYSE "  "NYSE\u0000"  "NY\u0405E"  ["NYSE"]  {"NYSE": 1}
    "#,
    );
    stops(r#"["\u00e9"]"#, r#""e\u0301""#);
    stops(
        r#"{"prefix": "gs://bucket/"}"#,
        r#"
        "GS://bucket/a"  "gs://bucket"  " gs://bucket/"  "gs:/bucket/"
    "#,
    );
    stops(r#"{"max_length": 2}"#, r#""abc"  "e\u0301e""#);
    allows(
        r#"{"max_length": 2}"#,
        r#""\ud83d\udca5\ud83d\udca5"  "e\u0301""#,
    );
    malformed(
        r#"{"any": true}"#,
        r#""\ud800"  "\udca5\ud83d"  "\x41"  'a'"#,
    );
}

#[test]
fn arrays_and_objects() {
    let each = r#"{"each": ["a", "b"], "max_items": 2}"#;
    allows(each, r#"[]  ["a"]  ["a", "b"]"#);
    stops(
        each,
        r#"
        ["c"]  ["a", "c"]  ["a", "b", "a"]  "a"  [["a"]]  [null]  {"0": "a"}  null
    "#,
    );
    let not_each = r#"{"not": {"each": ["a"]}}"#;
    allows(not_each, r#"["b"]"#);
    stops(
        not_each,
        r#"[]  ["a"]  ["b", 1]  [1]  [null]  [["b"]]  "b""#,
    );
    let fields = r#"{"fields": {"to": ["ann"], "note": {"type": "string", "optional": true}}}"#;
    allows(
        fields,
        r#"
        {"to": "ann"}  {"note": "x", "to": "ann"}  {"\u0074o": "ann"}
    "#,
    );
    stops(
        fields,
        r#"
        {}  {"to": "eve"}  {"to": "ann", "cc": "eve"}  {"To": "ann"}  {"to": null}
        {"to": "ann", "note": null}  [{"to": "ann"}]  {"to": ["ann"]}  {"to": "ann", "": 1}
    "#,
    );
    let not_fields = format!(r#"{{"not": {fields}}}"#);
    allows(&not_fields, r#"{"to": "eve"}"#);
    stops(
        &not_fields,
        r#"{}  {"to": "eve", "cc": 1}  {"to": 1}  {"to": "ann"}  []  1"#,
    );
    // A member of a list is compared through and through.
    stops(
        r#"[{"a": [1]}]"#,
        r#"{"a": [1.0]}  {"a": [1, 1]}  {"a": [1], "b": 1}  {"a": []}"#,
    );
    allows(r#"[{"a": [1], "b": null}]"#, r#"{"b": null, "a": [1]}"#);
}

#[test]
fn wrong_kinds_under_not() {
    for (inner, passes) in [
        (r#"{"pattern": "evil"}"#, r#""good""#),
        (r#"["evil"]"#, r#""good""#),
        (r#"{"prefix": "evil"}"#, r#""good""#),
        (r#"{"glob": "evil*"}"#, r#""good""#),
        (r#"{"any_of": [{"pattern": "evil"}, ["bad"]]}"#, r#""good""#),
        (r#"{"all_of": [{"pattern": "evil"}]}"#, r#""good""#),
        (r#"{"max_length": 3}"#, r#""good""#),
        (r#"{"not": {"not": {"pattern": "evil"}}}"#, r#""good""#),
    ] {
        let not = format!(r#"{{"not": {inner}}}"#);
        allows(&not, passes);
        stops(
            &not,
            r#"["evil"]  1  true  null  {"evil": "evil"}  []  {}  1.0"#,
        );
    }
    stops(r#"{"not": {"any": true}}"#, r#"1  null  "x""#);
    allows(r#"{"not": {"type": "null"}}"#, r#"1  "x"  []"#);
    stops(r#"{"not": {"type": "null"}}"#, r#"null"#);
}
