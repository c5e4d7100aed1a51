//! One call through the gate: which answer it gets, and that nothing but the checked call ever runs.

use std::cell::Cell;

use portcullis::{Args, ArgsError, Code, Permit, Refusal, RefusalKind, Verdict};
use serde_json::json;

use crate::support::{Gate, agent, block_on, call, refusal, secs};

const TRADE: &str = r#"[{"tool_name": "trade", "allowed_params": {
    "symbol": {"pattern": "[A-Z]{1,5}"}, "amount": {"min": 1, "max": 100}, "note": {"any": true, "optional": true}}}]"#;
const GOOD: &str = r#"{"symbol": "QZA", "amount": 5}"#;

#[test]
fn an_allowed_call_runs_on_the_arguments_that_were_checked() {
    let session = Gate::new(TRADE).session();
    let args = Args::parse(GOOD).unwrap();
    let permit = session.call("trade", GOOD).unwrap();
    assert_eq!(permit.args(), &args);
    assert_eq!(permit.tool().as_str(), "trade");
    assert_eq!(permit.run(Ok::<Args, Refusal>).unwrap(), args);
    assert_eq!(
        session.run("trade", GOOD, Ok::<Args, Refusal>).unwrap(),
        args
    );
    let permit = session.call("trade", GOOD).unwrap();
    assert_eq!(
        block_on(permit.run_async(async |args| Ok::<_, Refusal>(args))).unwrap(),
        args
    );
}

/// Turns into other arguments each time that it is asked.
struct Shifty<'a>(&'a Cell<u32>);

impl TryFrom<Shifty<'_>> for Args {
    type Error = ArgsError;

    fn try_from(Shifty(reads): Shifty<'_>) -> Result<Self, ArgsError> {
        reads.set(reads.get() + 1);
        Self::parse(&json!({"symbol": "QZA", "amount": reads.get() * 100}).to_string())
    }
}

#[test]
fn arguments_are_read_once() {
    let session = Gate::new(TRADE).session();
    let reads = Cell::new(0);
    let amount = session.run("trade", Shifty(&reads), |args| {
        Ok::<_, Refusal>(args.to_json()["amount"].clone())
    });
    assert_eq!((amount.unwrap(), reads.get()), (json!(100), 1));
    assert_eq!(call(&session, "trade", Shifty(&reads)), Code::Constraint);
    assert_eq!(reads.get(), 2);
}

#[test]
fn every_form_of_arguments_is_one_call() {
    let gate = Gate::new(TRADE);
    let session = gate.session();
    let value = json!({"amount": 5, "symbol": "QZA"});
    assert_eq!(call(&session, "trade", GOOD), Code::Allowed);
    assert_eq!(call(&session, "trade", &GOOD.to_owned()), Code::Allowed);
    assert_eq!(call(&session, "trade", &value), Code::Allowed);
    assert_eq!(call(&session, "trade", value.clone()), Code::Allowed);
    assert_eq!(
        call(&session, "trade", value.as_object().unwrap().clone()),
        Code::Allowed
    );
    assert_eq!(
        call(&session, "trade", Args::parse(GOOD).unwrap()),
        Code::Allowed
    );
    let digests: Vec<_> = gate
        .log
        .decisions()
        .into_iter()
        .map(|decision| decision.digest.unwrap())
        .collect();
    assert_eq!(digests.len(), 6);
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

#[test]
fn each_code_arises_as_documented() {
    let gate = Gate::new(
        r#"[{"tool_name": "trade", "allowed_params": {"symbol": ["QZA"], "note": {"any": true, "optional": true}}},
            {"tool_name": "ask", "requires_human_approval": true},
            {"tool_name": "once", "max_calls_per_minute": 1},
            {"tool_name": "spend", "budgets": [{"sum": "eur", "at_most": 10, "per": "1h"}]}]"#,
    );
    let session = gate.session();
    assert_eq!(call(&session, "once", "{}"), Code::Allowed);
    let minute = Some(secs(60));
    let cases = [
        ("sell", "{}", Code::UnknownTool, RefusalKind::Default, None),
        ("Trade", "{}", Code::UnknownTool, RefusalKind::Default, None),
        (
            "trade",
            "{}",
            Code::MissingParameter,
            RefusalKind::Rule,
            None,
        ),
        (
            "trade",
            r#"{"symbol": "QZA", "x": 1}"#,
            Code::UnexpectedParameter,
            RefusalKind::Rule,
            None,
        ),
        (
            "trade",
            r#"{"symbol": "QZB"}"#,
            Code::Constraint,
            RefusalKind::Rule,
            None,
        ),
        (
            "trade",
            r#"{"symbol": null}"#,
            Code::Constraint,
            RefusalKind::Rule,
            None,
        ),
        (
            "ask",
            "{}",
            Code::ApprovalRequired,
            RefusalKind::ApprovalRequired,
            None,
        ),
        ("once", "{}", Code::Limit, RefusalKind::Limit, minute),
        (
            "spend",
            r#"{"eur": 11}"#,
            Code::Budget,
            RefusalKind::Limit,
            None,
        ),
        ("spend", "{}", Code::Budget, RefusalKind::Limit, None),
        ("trade", "{", Code::Malformed, RefusalKind::Rule, None),
    ];
    for (tool, args, code, kind, retry_after) in cases {
        let refused = refusal(&session, tool, args);
        let verdict = if code == Code::ApprovalRequired {
            Verdict::Ask
        } else {
            Verdict::Deny
        };
        assert_eq!(
            (refused.code(), refused.kind()),
            (code, kind),
            "{tool} {args}"
        );
        assert_eq!(
            (refused.retry_after(), refused.verdict()),
            (retry_after, verdict),
            "{tool} {args}"
        );
        let recorded = gate.log.last_decision();
        assert_eq!(
            (recorded.code, recorded.verdict),
            (code, verdict),
            "{tool} {args}"
        );
        assert_eq!(
            gate.log.entries().last().unwrap().call,
            Some(refused.call())
        );
    }
    let unknown = gate
        .guard
        .vouched_session(agent("spiffe://example.org/agent/b"))
        .unwrap();
    let refused = refusal(&unknown, "trade", "{}");
    assert_eq!(
        (refused.code(), refused.kind()),
        (Code::Identity, RefusalKind::Default)
    );
}

#[test]
fn malformed_calls_are_refused_and_recorded() {
    let gate = Gate::new(r#"[{"tool_name": "*"}]"#);
    let session = gate.session();
    let deep = "[".repeat(64) + &"]".repeat(64);
    let arguments = [
        "",
        "null",
        "[]",
        "5",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1e999}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":1}x",
        "{\"\\ud800\":1}",
        "{'a':1}",
        "{\"a\":1,}",
        &format!("{{\"a\":{deep}}}"),
        &format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20)),
        "\u{feff}{}",
    ];
    for args in arguments {
        assert_eq!(
            refusal(&session, "t", args).code(),
            Code::Malformed,
            "{args:.40}"
        );
    }
    let names = [
        "",
        " ",
        "a b",
        "a\n",
        "t\0",
        "é",
        "*",
        "t`",
        &"t".repeat(129),
        &"t".repeat(1 << 20),
    ];
    for tool in names {
        let refused = refusal(&session, tool, "{}");
        assert_eq!(refused.code(), Code::Malformed, "{tool:.40}");
        assert!(refused.for_operator().len() < 1000 && !refused.for_operator().contains('\n'));
    }
    let recorded = gate.log.decisions();
    assert_eq!(recorded.len(), arguments.len() + names.len());
    assert!(recorded.iter().all(|one| one.code == Code::Malformed
        && one.digest.is_none()
        && one.arguments.is_empty()));
    assert_eq!(call(&session, "t", "{}"), Code::Allowed);
}

/// Asserts that running is refused and that the tool is not entered.
pub(crate) fn assert_not_run(permit: Permit, code: Code) {
    let refused = permit
        .run(|_| -> Result<(), Refusal> { panic!("the tool ran") })
        .unwrap_err();
    assert_eq!(refused.code(), code);
}

#[test]
fn a_guard_without_policies_denies_everything() {
    let gate = Gate::with([]);
    assert_eq!(call(&gate.session(), "t", "{}"), Code::Identity);
    let gate = Gate::new("[]");
    assert_eq!(call(&gate.session(), "t", "{}"), Code::UnknownTool);
    assert!(gate.log.outcomes().is_empty());
}
