//! The tools: market data from a file, a backtest that computes, a broker that only writes orders down.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis::{Refusal, Session, guard};

/// What can go wrong with a tool; a refusal is one of them.
#[derive(Debug)]
pub enum ToolError {
    Refused(Refusal),
    UnknownSymbol,
    BadData(String),
    NotBuilt,
}

impl From<Refusal> for ToolError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::UnknownSymbol => f.write_str("no such symbol on that exchange"),
            Self::BadData(problem) => write!(f, "bad market data: {problem}"),
            Self::NotBuilt => f.write_str("no such tool"),
        }
    }
}

impl std::error::Error for ToolError {}

/// Closing prices of the last days of a symbol.
#[guard(skip(market))]
pub fn query_market_data(
    session: &Session,
    market: &Market,
    exchange: &str,
    symbol: &str,
    days: Option<u32>,
) -> Result<String, ToolError> {
    market.quotes(exchange, symbol, days.unwrap_or(1))
}

/// Buys when the fast moving average of closing prices is above the slow one, and sells when it is below.
#[guard(skip(market))]
pub fn run_backtest(
    session: &Session,
    market: &Market,
    symbol: &str,
    fast: u32,
    slow: u32,
) -> Result<String, ToolError> {
    let closes = market.closes_of(symbol)?;
    let (fast, slow) = (fast as usize, slow as usize);
    let mut value = 1.0;
    let mut trades = 0;
    let mut holds = false;
    for day in slow.max(fast)..closes.len() {
        if holds {
            value *= closes[day] / closes[day - 1];
        }
        let wants = mean(&closes[day - fast..day]) > mean(&closes[day - slow..day]);
        trades += usize::from(wants != holds);
        holds = wants;
    }
    let held = closes
        .last()
        .zip(closes.first())
        .map_or(1.0, |(last, first)| last / first);
    let percent = |factor: f64| (factor - 1.0) * 100.0;
    Ok(format!(
        "{symbol} {fast}/{slow}: {:+.1} % in {trades} trades, {:+.1} % if held",
        percent(value),
        percent(held)
    ))
}

/// Places an order for so much money.
#[guard(skip(broker))]
pub fn execute_trade(
    session: &Session,
    broker: &PaperBroker,
    symbol: &str,
    side: &str,
    amount: f64,
) -> Result<String, ToolError> {
    broker.place();
    Ok(format!("{side} {symbol} for {amount}"))
}

/// Mails a report. No policy mentions this tool, so nobody can call it.
#[guard]
pub fn send_report(session: &Session, to: &str, body: &str) -> Result<String, ToolError> {
    Err(ToolError::BadData(format!(
        "no mail server for {} bytes to {to}",
        body.len()
    )))
}

/// Closing prices by exchange and symbol, oldest first.
pub struct Market(HashMap<(String, String), Vec<f64>>);

impl Market {
    pub fn open(file: &Path) -> Result<Self, ToolError> {
        let text =
            std::fs::read_to_string(file).map_err(|error| ToolError::BadData(error.to_string()))?;
        let mut closes: HashMap<(String, String), Vec<f64>> = HashMap::new();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let [exchange, symbol, _date, _open, _high, _low, close, _volume] = fields[..] else {
                return Err(ToolError::BadData(format!(
                    "a line of {} fields",
                    fields.len()
                )));
            };
            let close = close
                .parse()
                .map_err(|_| ToolError::BadData("a price is no number".to_owned()))?;
            closes
                .entry((exchange.to_owned(), symbol.to_owned()))
                .or_default()
                .push(close);
        }
        Ok(Self(closes))
    }

    pub fn quotes(&self, exchange: &str, symbol: &str, days: u32) -> Result<String, ToolError> {
        let closes = self
            .0
            .get(&(exchange.to_owned(), symbol.to_owned()))
            .ok_or(ToolError::UnknownSymbol)?;
        let last = &closes[closes.len().saturating_sub(days as usize)..];
        let prices: Vec<String> = last.iter().map(|close| format!("{close:.2}")).collect();
        Ok(format!("{symbol} closed at {}", prices.join(", ")))
    }

    fn closes_of(&self, symbol: &str) -> Result<&[f64], ToolError> {
        let listed = self.0.iter().find(|((_, name), _)| name == symbol);
        listed
            .map(|(_, closes)| closes.as_slice())
            .ok_or(ToolError::UnknownSymbol)
    }
}

/// Writes orders down; no money moves.
#[derive(Default)]
pub struct PaperBroker {
    orders: AtomicUsize,
}

impl PaperBroker {
    fn place(&self) {
        self.orders.fetch_add(1, Ordering::Relaxed);
    }

    pub fn orders(&self) -> usize {
        self.orders.load(Ordering::Relaxed)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
