//! A trading analyst's agent at work behind the gate: what runs, what is refused, and what is on record.
//!
//! `cargo run --example quickstart`

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::indexing_slicing,
    reason = "a program, not a library that others link"
)]

mod tools;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use portcullis::anomaly::{Monitor, MonitorPolicy};
use portcullis::audit::{self, AuditLog, LogEntry, LogError, Origin, VerifyOptions};
use portcullis::{AgentId, AgentPolicy, Args, Guard, Plain, Refusal, Session};

use tools::{Market, PaperBroker, ToolError};

const AGENT: &str = "spiffe://ailog.dev/agent/trading-analyzer";

fn main() -> Result<(), Box<dyn Error>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let policy_file = examples.join("trading.toml");
    let expected = MonitorPolicy::from_file(examples.join("monitors/trading.toml"))?;
    let market = Market::open(&examples.join("data/quotes.csv"))?;
    let broker = PaperBroker::default();

    heading("The policy and the tools");
    let folder = std::env::temp_dir().join(format!("portcullis-quickstart-{}", std::process::id()));
    let log = Arc::new(AuditLog::options(Origin::parse("ailog.dev/trading")?).open(&folder)?);
    let monitor = Monitor::builder().policy(expected).build();
    let guard = Guard::builder()
        .policy_file(&policy_file)
        .tools([
            tools::query_market_data_tool(),
            tools::run_backtest_tool(),
            tools::execute_trade_tool(),
            tools::send_report_tool(),
        ])
        .recorder(Arc::clone(&log))
        .monitor(&monitor)
        .build()?;
    let session = guard.vouched_session(AgentId::parse(AGENT)?)?;
    println!("agent    {AGENT}");
    println!(
        "policy   examples/trading.toml, digest {:.16}…",
        guard.version().digest.to_string()
    );
    println!(
        "visible  {}",
        names(session.visible_tools().iter().map(|tool| tool.name()))
    );
    println!(
        "unused   {} (no policy mentions it)",
        names(guard.unmentioned_tools().iter().map(|tool| tool.name()))
    );

    heading("Guarded functions: checked before the body, refused with a reason");
    show(
        "NYSE KVELD",
        tools::query_market_data(&session, &market, "NYSE", "KVELD", Some(3)),
    );
    show(
        "TSE KVELD",
        tools::query_market_data(&session, &market, "TSE", "KVELD", None),
    );
    show(
        "backtest 5/20",
        tools::run_backtest(&session, &market, "KVELD", 5, 20),
    );

    heading("Tool calls as a model writes them: JSON, parsed once and strictly");
    let desk = Desk {
        market: &market,
        session: &session,
    };
    desk.act(
        "query_market_data",
        r#"{"exchange": "LSE", "symbol": "WREXL"}"#,
    );
    desk.act("query_market_data", r#"{"exchange": "LSE"}"#);
    desk.act(
        "query_market_data",
        r#"{"exchange": "LSE", "symbol": "WREXL", "as_user": "root"}"#,
    );
    desk.act(
        "query_market_data",
        r#"{"exchange": "LSE", "symbol": "WREXL", "symbol": "ZYPHO"}"#,
    );
    desk.act("transfer_funds", r#"{"to": "me", "amount": 1000000}"#);

    heading("A limit: ten backtests a minute");
    let mut ran = 1;
    let refused = loop {
        match tools::run_backtest(&session, &market, "KVELD", 5, 20 + ran) {
            Ok(_) => ran += 1,
            refused => break refused,
        }
    };
    show(&format!("backtest number {}", ran + 1), refused);

    heading("A trade: the policy wants a person");
    show(
        "buy KVELD for 2500",
        tools::execute_trade(&session, &broker, "KVELD", "buy", 2500.0),
    );
    println!("           orders placed: {}", broker.orders());

    heading("Changing the policy while the agent works");
    let text = std::fs::read_to_string(&policy_file)?;
    match AgentPolicy::from_toml(&text.replace("allowed_params", "alowed_params")) {
        Ok(_) => println!("a misspelt policy loaded"),
        Err(error) => println!(
            "a misspelt policy does not load; the old one stays in force:\n{}",
            indent(&error)
        ),
    }
    let narrower =
        AgentPolicy::from_toml(&text.replace(r#"["NYSE", "NASDAQ", "LSE"]"#, r#"["NYSE"]"#))?;
    println!(
        "swapped in a narrower one: epoch {}",
        guard.swap([narrower])?.epoch
    );
    show(
        "LSE WREXL",
        tools::query_market_data(&session, &market, "LSE", "WREXL", None),
    );
    show(
        "backtest",
        tools::run_backtest(&session, &market, "KVELD", 5, 60),
    );
    println!("           (a new policy does not refill a limit)");
    println!("rolled back: epoch {}", guard.roll_back()?.epoch);

    heading("A burst: allowed, and not at all usual");
    let mut ran = 0;
    let refused = loop {
        match tools::query_market_data(&session, &market, "NYSE", "KVELD", Some(1 + ran % 30)) {
            Ok(_) => ran += 1,
            refused => break refused,
        }
    };
    show(&format!("query number {}", ran + 1), refused);

    heading("The audit log: what was refused and alerted, and that nothing was changed since");
    let checkpoint = log.close()?;
    audit::read(&folder, |entry| {
        show_entry(entry);
        Ok::<_, LogError>(())
    })?;
    // Whoever kept this checkpoint can tell that the log still holds all that it held then.
    let verified = VerifyOptions::new().kept(checkpoint).verify(&folder)?;
    println!(
        "verified: {} entries, root {}",
        verified.head.size, verified.head.root
    );
    drop((session, guard, log));
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// What an agent runtime does with the tool calls of a model: one line guards them all.
struct Desk<'a> {
    market: &'a Market,
    session: &'a Session,
}

impl Desk<'_> {
    fn act(&self, tool: &str, arguments: &str) {
        println!("{tool} {arguments}");
        show(
            "",
            self.session
                .run(tool, arguments, |args| self.run(tool, &args)),
        );
    }

    /// Only ever reached with arguments that were checked.
    fn run(&self, tool: &str, args: &Args) -> Result<String, ToolError> {
        match tool {
            "query_market_data" => {
                let text = |name: &str| {
                    args.get(name)
                        .and_then(|value| value.as_str())
                        .unwrap_or_default()
                };
                self.market.quotes(text("exchange"), text("symbol"), 1)
            }
            _ => Err(ToolError::NotBuilt),
        }
    }
}

fn show(what: &str, result: Result<impl std::fmt::Display, ToolError>) {
    if !what.is_empty() {
        println!("{what}");
    }
    match result {
        Ok(answer) => println!("  ran      {answer}"),
        Err(ToolError::Refused(refusal)) => show_refusal(&refusal),
        Err(error) => println!("  failed   {error}"),
    }
}

fn show_refusal(refusal: &Refusal) {
    println!("  refused  {}", refusal.for_model());
    // The path of the checkout says nothing here.
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    println!("  operator {}", refusal.for_operator().replace(root, ""));
}

/// What is out of the ordinary about an entry of the log, if anything is.
fn show_entry(entry: &LogEntry<'_>) {
    let text = |key| Plain(entry.text(key).unwrap_or_default()).to_string();
    let said = match (entry.kind(), entry.decision()) {
        ("decided", Some("deny" | "ask")) => [text("decision"), text("tool"), text("code")],
        ("refused", _) => ["refused".to_owned(), text("tool"), text("code")],
        ("alerted", _) => ["alert".to_owned(), text("alert"), text("severity")],
        ("responded", _) => ["do".to_owned(), text("response"), text("alert")],
        _ => return,
    };
    println!(
        "{:>5} {:<7} {:<18} {}",
        entry.index(),
        said[0],
        said[1],
        said[2]
    );
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn indent(text: &impl std::fmt::Display) -> String {
    text.to_string()
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect::<String>()
        .trim_end()
        .to_owned()
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
