//! `#[guard]` as a host writes it: what compiles, and what the specifications say.
//!
//! What must not compile stands in `src/glue/compile_fail.rs`.

use std::borrow::Cow;
use std::sync::Arc;

use portcullis::{ParamType, Refusal, Session, ToolSpec, guard};
use serde_json::json;

#[derive(Debug)]
#[allow(dead_code, reason = "only converted into")]
enum ToolError {
    Refused(Refusal),
    Number(std::num::ParseIntError),
}

impl From<Refusal> for ToolError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<std::num::ParseIntError> for ToolError {
    fn from(error: std::num::ParseIntError) -> Self {
        Self::Number(error)
    }
}

type Fallible<T> = Result<T, ToolError>;
type Symbol = String;
type Maybe<T> = Option<T>;

struct Broker;

#[derive(serde::Serialize)]
struct Leg {
    size: u32,
}

/// Latest quote of a symbol.
///
/// Prices are delayed.
#[guard]
fn query_market_data(
    session: &Session,
    exchange: &str,
    symbol: Symbol,
    depth: Maybe<u32>,
) -> Fallible<usize> {
    Ok(exchange.len() + symbol.len() + depth.map_or(0, |depth| depth as usize))
}

#[guard(tool = "execute_trade", secret(api_key), skip(broker))]
async fn trade(
    session: &Session,
    broker: &Broker,
    symbol: String,
    amount: f64,
    legs: Vec<Leg>,
    api_key: &str,
) -> Result<u64, ToolError> {
    let Broker = broker;
    let key: u64 = api_key.parse()?;
    std::future::ready(()).await;
    if amount < 0.0 || symbol.is_empty() {
        return Ok(0);
    }
    Ok(key + legs.iter().map(|leg| u64::from(leg.size)).sum::<u64>())
}

#[derive(Default)]
struct Desk<T> {
    orders: Vec<T>,
}

impl<T: serde::Serialize> Desk<T> {
    #[guard]
    async fn place(&mut self, session: &Session, order: T, r#type: &str) -> Fallible<usize> {
        std::future::ready(r#type).await;
        self.orders.push(order);
        Ok(self.orders.len())
    }

    #[guard]
    fn slot(&mut self, session: &Session, mut index: usize) -> Fallible<Option<&mut T>> {
        index = index.saturating_sub(1);
        Ok(self.orders.get_mut(index))
    }

    #[guard]
    fn close(self: Arc<Self>, session: &Session) -> Result<usize, Refusal> {
        Ok(self.orders.len())
    }

    #[guard]
    fn into_orders(self, session: &Session) -> Result<Vec<T>, Refusal> {
        Ok(self.orders)
    }
}

#[guard]
fn generic<'a, T, const N: usize>(
    session: &Session,
    item: &'a T,
    maybe: Option<T>,
    rows: [u8; N],
    any: impl serde::Serialize,
) -> Fallible<&'a T>
where
    T: serde::Serialize,
{
    let _ = (maybe, rows, any);
    Ok(item)
}

#[guard]
fn countdown(session: &Session, from: u8) -> Result<u32, Refusal> {
    // Names that the expansion uses too.
    let (clearance, refusal) = (1, 0);
    if from == 0 {
        Ok(refusal)
    } else {
        Ok(countdown(session, from - 1)? + clearance)
    }
}

#[guard]
fn shadowed(session: &Session, value: u8) -> Result<u8, Refusal> {
    let session = value;
    Ok(session)
}

#[guard]
fn conditional(
    session: &Session,
    #[cfg(any())] gone: Missing,
    #[cfg(not(any()))] here: u8,
) -> Result<u8, Refusal> {
    Ok(here)
}

#[guard]
fn lists(
    session: &Session,
    names: &[&str],
    rows: Vec<Vec<f64>>,
    gaps: Vec<Option<i8>>,
    text: Cow<'_, str>,
    flag: &mut bool,
) -> Result<usize, Refusal> {
    *flag = !*flag;
    Ok(names.len() + rows.len() + gaps.len() + text.len())
}

fn assert_send<T: Send>(value: T) {
    drop(value);
}

/// Never called: what it says is checked when it is compiled.
#[allow(dead_code, reason = "compiled, not run")]
fn signatures_are_kept(session: &Session) -> Fallible<()> {
    query_market_data(session, "NYSE", Symbol::new(), None)?;
    assert_send(trade(session, &Broker, String::new(), 1.0, Vec::new(), "1"));
    let mut desk = Desk { orders: vec![1_u8] };
    assert_send(desk.place(session, 1, "limit"));
    if let Some(order) = desk.slot(session, 1)? {
        *order += 1;
    }
    Arc::new(Desk::<u8>::default()).close(session)?;
    let _orders: Vec<u8> = desk.into_orders(session)?;
    let _item: &u8 = generic(session, &1, Some(2), [0; 3], "any")?;
    countdown(session, 3)?;
    shadowed(session, 3)?;
    conditional(session, 3)?;
    lists(
        session,
        &["a"],
        vec![vec![0.5]],
        vec![None],
        "x".into(),
        &mut true,
    )?;
    Ok(())
}

fn described(tool: &ToolSpec) -> Vec<(&str, &ParamType, bool)> {
    tool.params()
        .iter()
        .map(|param| (param.name(), param.param_type(), param.is_required()))
        .collect()
}

#[test]
fn a_specification_says_what_the_signature_says() {
    let tool = query_market_data_tool();
    assert_eq!(tool.name(), "query_market_data");
    assert_eq!(
        tool.description(),
        "Latest quote of a symbol.\n\nPrices are delayed."
    );
    let depth = ParamType::Integer {
        min: 0,
        max: u64::from(u32::MAX),
    };
    let expected = [
        ("exchange", &ParamType::String, true),
        ("symbol", &ParamType::String, true),
        ("depth", &depth, false),
    ];
    assert_eq!(described(&tool), expected);
}

#[test]
fn options_of_the_attribute_reach_the_specification() {
    let tool = trade_tool();
    assert_eq!(tool.name(), "execute_trade");
    assert!(tool.parameter("broker").is_none());
    let secret: Vec<_> = tool
        .params()
        .iter()
        .filter(|param| param.is_secret())
        .collect();
    assert_eq!(secret.len(), 1);
    assert_eq!(secret[0].name(), "api_key");
}

#[test]
fn methods_have_associated_specifications() {
    let place = Desk::<u8>::place_tool();
    assert_eq!(
        described(&place),
        [
            ("order", &ParamType::Any, true),
            ("type", &ParamType::String, true)
        ]
    );
    assert!(Desk::<u8>::close_tool().params().is_empty());
    assert_eq!(Desk::<u8>::slot_tool().params().len(), 1);
    assert_eq!(Desk::<u8>::into_orders_tool().name(), "into_orders");
}

#[test]
fn what_is_generic_may_be_anything() {
    let tool = generic_tool();
    let expected = [
        ("item", &ParamType::Any, true),
        ("maybe", &ParamType::Any, false),
        ("rows", &ParamType::Any, true),
        ("any", &ParamType::Any, true),
    ];
    assert_eq!(described(&tool), expected);
}

#[test]
fn lists_tell_their_elements() {
    let names = ParamType::array_of(ParamType::String);
    let rows = ParamType::array_of(ParamType::array_of(ParamType::Number));
    let gaps = ParamType::array_of(ParamType::Any);
    let expected = [
        ("names", &names, true),
        ("rows", &rows, true),
        ("gaps", &gaps, true),
        ("text", &ParamType::String, true),
        ("flag", &ParamType::Boolean, true),
    ];
    assert_eq!(described(&lists_tool()), expected);
}

#[test]
fn a_conditional_parameter_is_there_or_not() {
    let byte = ParamType::Integer { min: 0, max: 255 };
    assert_eq!(described(&conditional_tool()), [("here", &byte, true)]);
    assert_eq!(shadowed_tool().params().len(), 1);
    assert_eq!(countdown_tool().params().len(), 1);
}

#[test]
fn the_model_is_told_as_the_protocol_wants() {
    let expected = json!({
        "name": "countdown",
        "description": "",
        "inputSchema": {
            "type": "object",
            "properties": { "from": { "type": "integer", "minimum": 0, "maximum": 255 } },
            "required": ["from"],
            "additionalProperties": false,
        },
    });
    assert_eq!(countdown_tool().definition(), expected);
}
