//! `#[guard]` on a real guard: the policy sees what the function gets, and a refused body is never entered.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use portcullis::json::Value;
use portcullis::{Args, Call, Code, Indicators, Outcome, Refusal, Session, ToolName, guard};

use crate::support::{Gate, assert_send, block_on, pause};

#[derive(Debug, PartialEq)]
pub(crate) enum ToolError {
    Refused(Code),
    Number,
}

impl From<Refusal> for ToolError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.code())
    }
}

impl From<std::num::ParseIntError> for ToolError {
    fn from(_: std::num::ParseIntError) -> Self {
        Self::Number
    }
}

pub(crate) type Fallible<T> = Result<T, ToolError>;

type Maybe<T> = Option<T>;

/// A guard whose log tells all arguments of all calls.
pub(crate) fn open() -> Gate {
    Gate::new(r#"[{"tool_name": "*", "audit_level": "full", "max_calls_per_minute": 1000}]"#)
}

pub(crate) fn closed() -> Gate {
    Gate::new(r#"[{"tool_name": "*", "allowed_params": {"no": ["such call"]}}]"#)
}

pub(crate) fn last(gate: &Gate) -> String {
    gate.log.last_decision().arguments
}

#[guard]
fn trade(
    session: &Session,
    entered: &mut u32,
    symbol: &str,
    amount: f64,
    note: Option<&str>,
) -> Fallible<f64> {
    *entered += 1;
    Ok(amount + symbol.len() as f64 + note.map_or(0.0, |note| note.len() as f64))
}

#[test]
fn the_policy_sees_what_the_function_gets() {
    let gate = Gate::new(
        r#"[{"tool_name": "trade", "audit_level": "full", "max_calls_per_minute": 2, "allowed_params": {
            "symbol": {"pattern": "[A-Z]+"}, "amount": {"above": 0, "max": 10}, "entered": {"type": "integer"},
            "note": {"max_length": 3, "optional": true}}}]"#,
    );
    let session = gate.session();
    let mut entered = 0;
    assert_eq!(trade(&session, &mut entered, "QZA", 1.5, None), Ok(4.5));
    assert_eq!(last(&gate), r#"{"amount":1.5,"entered":0,"symbol":"QZA"}"#);
    let refused = Err(ToolError::Refused(Code::Constraint));
    for (symbol, amount, note) in [
        ("qza", 1.0, None),
        ("QZA", 0.0, None),
        ("QZA", -1.0, None),
        ("QZA", 10.5, None),
        ("QZA", 1.0, Some("long")),
    ] {
        assert_eq!(
            trade(&session, &mut entered, symbol, amount, note),
            refused,
            "{symbol} {amount}"
        );
    }
    for amount in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(
            trade(&session, &mut entered, "QZA", amount, None),
            Err(ToolError::Refused(Code::Malformed))
        );
        assert_eq!(gate.log.last_decision().digest, None);
    }
    assert_eq!(
        trade(&session, &mut entered, "QZA", 1.0, Some("abc")),
        Ok(7.0)
    );
    assert_eq!(
        trade(&session, &mut entered, "QZA", 1.0, None),
        Err(ToolError::Refused(Code::Limit))
    );
    assert_eq!(entered, 2, "the body is entered for allowed calls only");
    assert_eq!(gate.log.outcomes(), [Outcome::Completed; 2]);
}

#[guard(tool = "pay/now", secret(key))]
async fn pay(session: &Session, count: &Counter<'_>, amount: f64, key: &str) -> Fallible<f64> {
    count.0.fetch_add(1, Ordering::SeqCst);
    pause().await;
    let key: f64 = key.parse::<u32>()?.into();
    Ok(amount + key)
}

/// A type of the host's own that the policy sees as `null`.
struct Counter<'a>(&'a AtomicUsize);

impl serde::Serialize for Counter<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

#[test]
fn futures_are_asked_when_polled_and_told_when_dropped() {
    let gate = open();
    let session = gate.session();
    let (count, at) = (AtomicUsize::new(0), Ordering::SeqCst);
    let counted = Counter(&count);
    drop(pay(&session, &counted, 1.5, "3"));
    assert_eq!(gate.log.decisions().len(), 0);
    assert_eq!(
        block_on(assert_send(pay(&session, &counted, 1.5, "3"))),
        Ok(4.5)
    );
    assert_eq!(
        last(&gate),
        r#"{"amount":1.5,"count":null,"key":"<secret>"}"#
    );
    assert_eq!(
        block_on(pay(&session, &counted, 1.5, "x")),
        Err(ToolError::Number)
    );
    assert!(
        pin!(pay(&session, &counted, 1.5, "3"))
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(count.load(at), 3);
    let shut = closed();
    let refused = block_on(pay(&shut.session(), &counted, 1.5, "3"));
    assert_eq!(
        (refused, count.load(at)),
        (Err(ToolError::Refused(Code::UnexpectedParameter)), 3)
    );
    assert_eq!(
        gate.log.outcomes(),
        [Outcome::Completed, Outcome::Failed, Outcome::Cancelled]
    );
    assert_eq!(gate.log.entries().last().unwrap().tool, "pay/now");
}

#[derive(serde::Serialize)]
struct Leg {
    side: &'static str,
    size: u32,
}

#[guard]
#[allow(clippy::too_many_arguments, reason = "one of every kind")]
fn all(
    session: &Session,
    depth: Maybe<u8>,
    legs: Vec<Leg>,
    leg: Option<Leg>,
    no_leg: Option<Leg>,
    r#type: &str,
    rows: Vec<Vec<Option<f64>>>,
    cow: Cow<'_, str>,
    bytes: [u8; 2],
    names: &[&str],
    value: Value,
    map: BTreeMap<String, i8>,
    boxed: Box<str>,
    by_ref: &Maybe<i64>,
    exclusive: &mut u64,
    tuple: (u8, &str),
    ch: char,
    unit: (),
) -> Fallible<usize> {
    let () = unit;
    *exclusive += 1;
    let texts =
        r#type.len() + cow.len() + boxed.len() + tuple.1.len() + ch.len_utf8() + names.len();
    let counts = legs.len() + rows.len() + bytes.len() + map.len();
    let given = [
        depth.is_some(),
        leg.is_some(),
        no_leg.is_some(),
        by_ref.is_some(),
        value == Value::Null,
    ];
    Ok(texts + counts + given.iter().filter(|given| **given).count())
}

#[test]
fn every_kind_of_parameter_is_shown_as_json() {
    let gate = open();
    let session = gate.session();
    let leg = || Leg {
        side: "buy",
        size: 2,
    };
    let map = BTreeMap::from([("a".to_owned(), -1_i8)]);
    let mut exclusive = u64::MAX - 1;
    let rows = vec![vec![Some(1.0), None], vec![]];
    let result = all(
        &session,
        None,
        vec![leg()],
        Some(leg()),
        None,
        "limit",
        rows,
        "cow".into(),
        [1, 2],
        &["x", "y"],
        Value::Null,
        map,
        "b".into(),
        &Some(-1),
        &mut exclusive,
        (1, "z"),
        'c',
        (),
    );
    assert_eq!((result, exclusive), (Ok(22), u64::MAX));
    let expected = serde_json::json!({
        "boxed": "b", "by_ref": -1, "bytes": [1, 2], "ch": "c", "cow": "cow", "exclusive": u64::MAX - 1,
        "leg": {"side": "buy", "size": 2}, "legs": [{"side": "buy", "size": 2}], "map": {"a": -1}, "names": ["x", "y"],
        "rows": [[1.0, null], []], "tuple": [1, "z"], "type": "limit", "unit": null, "value": null,
    });
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&last(&gate)).unwrap(),
        expected
    );
    let call = Call::new(
        ToolName::parse("all").unwrap(),
        Args::try_from(expected).unwrap(),
    );
    assert_eq!(
        gate.log.last_decision().digest,
        Some(gate.guard.recorded_digest(&call)),
        "one call, however it is made"
    );
    gate.guard
        .set_indicators(Indicators::new().destination("evil.example").unwrap());
    let to_evil = all(
        &session,
        None,
        vec![Leg {
            side: "x.evil.example",
            size: 1,
        }],
        None,
        None,
        "",
        vec![],
        "".into(),
        [0; 2],
        &[],
        Value::Null,
        BTreeMap::new(),
        "".into(),
        &None,
        &mut exclusive,
        (1, ""),
        'c',
        (),
    );
    assert_eq!(
        (to_evil, exclusive),
        (Err(ToolError::Refused(Code::Indicator)), u64::MAX)
    );
}

#[guard]
fn floats(session: &Session, nested: Vec<f64>, own: Custom) -> Fallible<usize> {
    Ok(nested.len() + own.0.len())
}

#[derive(serde::Serialize)]
struct Custom(BTreeMap<String, f32>);

#[test]
fn what_json_cannot_say_is_malformed() {
    let gate = open();
    let session = gate.session();
    let own = |value: f32| Custom(BTreeMap::from([("k".to_owned(), value)]));
    assert_eq!(floats(&session, vec![0.5], own(0.5)), Ok(2));
    let malformed = Err(ToolError::Refused(Code::Malformed));
    assert_eq!(floats(&session, vec![0.5, f64::NAN], own(0.5)), malformed);
    assert_eq!(floats(&session, vec![f64::INFINITY], own(0.5)), malformed);
    assert_eq!(floats(&session, vec![], own(f32::NAN)), malformed);
    assert!(gate.log.last_decision().arguments.is_empty());
}
