//! The `#[guard]` attribute of the `portcullis` crate. Use it through that crate, which re-exports it.

use proc_macro::TokenStream;

mod expand;
mod function;
mod options;
mod parameters;
mod similar;
mod types;

/// Puts a function behind the gate: its body runs only after the session has authorised this very call.
///
/// The first parameter, after `self` if there is one, is the `&Session`; the return type is a `Result` whose error
/// type is `From<Refusal>`. Every other parameter is an argument of the call, known to the policy by its name, and
/// must be a string, a number, a boolean, a list or option of these, a `json::Value`, or implement
/// `serde::Serialize`. An `Option` that is `None` is an absent argument. Signature, documentation and attributes of
/// the function stay as they are; async functions stay `Send` if they were.
///
/// ```text
/// /// Latest quote of a symbol.
/// #[guard]
/// fn query_market_data(session: &Session, exchange: &str, symbol: &str) -> Result<Quote, ToolError> { … }
///
/// #[guard(tool = "execute_trade", secret(api_key), skip(broker))]
/// async fn trade(session: &Session, broker: &Broker, symbol: String, api_key: &str) -> Result<Order, ToolError> { … }
/// ```
///
/// | option | meaning |
/// |---|---|
/// | `tool = "name"` | the name that policies know; by default the function's |
/// | `secret(a, b)` | these arguments are checked but never recorded, whatever the audit level |
/// | `skip(a, b)` | these parameters are no arguments: neither checked nor recorded |
/// | `crate = path` | where to find the `portcullis` crate, for crates that re-export it |
///
/// Beside a function `name` stands `name_tool() -> ToolSpec`, as visible as the function itself: the tool's name, its
/// description (the doc comment) and its parameters, for policies to be checked against and for the model to be told.
/// For that reason the attribute cannot stand on a method of a trait implementation; guard an inherent method and
/// call it from there.
#[proc_macro_attribute]
pub fn guard(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::guard(options.into(), item.into()).into()
}
