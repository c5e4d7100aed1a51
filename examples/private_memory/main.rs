//! A support desk's agent with a memory of two kinds: a public FAQ, and people's tickets, about which it may ask for as much as a
//! budget of privacy pays for.
//!
//! `cargo run --example private_memory`

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::indexing_slicing,
    reason = "a program, not a library that others link"
)]

mod chart;
mod tools;
mod words;

use std::error::Error;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use portcullis::audit::{self, AuditLog, LogError, Origin, Payload, PayloadKind, Payloads};
use portcullis::privacy::{
    AgentMemory, Answer, Budget, BudgetPlan, DataSubject, Delta, Embedding, Epsilon, Filter,
    Ledger, LedgerOptions, MemoryPlan, PartitionName, PartitionPlan, Scope, Task, feasibility,
};
use portcullis::{AgentId, Guard, Session};

use tools::{Desk, ToolError};
use words::{DIMENSION, TOPICS, embed, ticket};

const TICKETS: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("portcullis-memory-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let (ledger, store) = (folder.join("ledger"), folder.join("memory"));

    heading("What can be had at an epsilon of 0.3, before anything is spent");
    before_spending()?;

    heading("A public FAQ and the tickets of 1000 people");
    let memory = AgentMemory::new(plan()?, Ledger::open(&ledger, budget()?)?)?;
    fill(&memory)?;
    let (faq, tickets) = names()?;
    let mut desk = Desk {
        memory,
        faq,
        tickets,
    };
    let log = AuditLog::options(Origin::parse("example.org/support")?);
    let log = Arc::new(log.open(folder.join("log"))?);
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/support.toml");
    let guard = Guard::builder()
        .policy_file(policy)
        .tools([tools::faq_tool(), tools::topic_tool(), tools::count_tool()])
        .recorder(Arc::clone(&log))
        .build()?;
    let open = || -> Result<Session, Box<dyn Error>> {
        Ok(guard.vouched_session(AgentId::parse("spiffe://example.org/agent/support-desk")?)?)
    };
    let session = open()?;
    let question = embed("my card was charged twice");
    show("nearest FAQ", tools::faq(&session, &desk, &question));

    heading("Questions about tickets, each at its price");
    paid("topic", tools::topic(&session, &desk, &question, 0.3));
    paid(
        "billing tickets",
        tools::count(&session, &desk, "billing", 0.2),
    );
    paid(
        "at epsilon 5",
        tools::count(&session, &desk, "billing", 5.0),
    );
    paid("login tickets", tools::count(&session, &desk, "login", 0.2));
    paid("once more", tools::count(&session, &desk, "login", 0.2));
    println!("(the session has spent its 0.8; the next one starts anew, the budget does not)");

    heading("Until the budget is spent");
    let mut answers = 0;
    let refused = loop {
        let answer = tools::count(&open()?, &desk, "billing", 0.2);
        match answer {
            Ok(_) => answers += 1,
            Err(error) => break error,
        }
    };
    println!("{answers} more counts, then refused {refused}");
    spent(&desk)?;

    heading("Restarted: the tickets are there, and the budget is where it was");
    desk.memory.save_with_raw(&store)?;
    // On record elsewhere, the head shows if the ledger is put back to an older state.
    if let Some(head) = desk.memory.ledger().head() {
        log.anchor("privacy ledger", &head.to_string())?;
    }
    drop(desk.memory);
    let mut options = LedgerOptions::new(budget()?);
    audit::read(folder.join("log"), |entry| {
        if entry.kind() == "anchored" {
            let head = entry.text("head").and_then(|head| head.parse().ok());
            options = head.into_iter().fold(options.clone(), LedgerOptions::kept);
        }
        Ok::<_, LogError>(())
    })?;
    desk.memory = AgentMemory::load(plan()?, options.open(&ledger)?, &store)?;
    println!("{} tickets", desk.memory.records(&desk.tickets)?);
    paid(
        "billing tickets",
        tools::count(&open()?, &desk, "billing", 0.2),
    );
    spent(&desk)?;

    heading("Somebody wants to be forgotten");
    let forgotten = desk.memory.forget(&DataSubject::new("user-17"))?;
    desk.memory.save_with_raw(&store)?;
    println!(
        "{forgotten} record erased, {} left",
        desk.memory.records(&desk.tickets)?
    );

    heading("The price of each answer, on record");
    log.close()?;
    on_record(&folder.join("log"))?;

    heading("How far a count is off, by epsilon: measured over 400 releases each, and expected");
    chart::errors()?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn names() -> Result<(PartitionName, PartitionName), Box<dyn Error>> {
    Ok(("public".parse()?, "personal".parse()?))
}

fn plan() -> Result<MemoryPlan, Box<dyn Error>> {
    let (faq, tickets) = names()?;
    let labels = TOPICS.map(|(topic, _)| topic);
    Ok(MemoryPlan::new()
        .partition(faq, PartitionPlan::unprotected(DIMENSION)?)
        .partition(
            tickets,
            PartitionPlan::central(DIMENSION, 1.0)?.labels(labels)?,
        ))
}

/// An epsilon of 3 in all, at a delta of 1e-6, whatever is asked and in whatever order.
fn budget() -> Result<BudgetPlan, Box<dyn Error>> {
    let budget = Budget::within(Filter::Zcdp, Epsilon::new(3.0)?, Delta::default())?;
    Ok(BudgetPlan::new(budget).partition(names()?.1, budget))
}

fn fill(memory: &AgentMemory) -> Result<(), Box<dyn Error>> {
    let (faq, tickets) = names()?;
    for (topic, words) in TOPICS {
        let key = format!("how we handle {topic}").parse()?;
        memory.store_embedding(&faq, key, Embedding::new(&embed(words)))?;
    }
    for number in 0..TICKETS {
        let (topic, text) = ticket(number);
        let vector = embed(&text);
        let subject = DataSubject::new(&format!("user-{number}"));
        let ticket = Embedding::new(&vector).about(subject).labelled(topic);
        memory.store_embedding(&tickets, format!("ticket-{number}").parse()?, ticket)?;
    }
    Ok(())
}

fn before_spending() -> Result<(), Box<dyn Error>> {
    for (what, task) in [
        (
            "the ticket that a question is about",
            Task::Retrieve { told: 1 },
        ),
        (
            "the topic of 50 like it",
            Task::Vote {
                nearest: 50,
                labels: 5,
            },
        ),
        ("how many there are of a topic", Task::Count),
        ("one ticket's own vector", Task::Own),
    ] {
        let expected = feasibility(task, TICKETS, DIMENSION, Epsilon::new(0.3)?)?;
        let useful = if expected.is_useful() {
            "useful"
        } else {
            "useless"
        };
        println!("{what:<36} {useful:<8} {expected}");
    }
    Ok(())
}

fn spent(desk: &Desk) -> Result<(), Box<dyn Error>> {
    let ledger = desk.memory.ledger();
    if let Some(statement) = ledger.statement(Some(&desk.tickets), Delta::default()) {
        let statement = statement?;
        let (spent, budget) = (statement.spent().value(), statement.budget().value());
        println!("spent epsilon {spent:.2} of the budget of {budget:.2}");
    }
    let left = ledger.remaining(&Scope::Partition(desk.tickets))?.laplace();
    println!("a count can still have an epsilon of {:.3}", left.value());
    Ok(())
}

fn on_record(log: &Path) -> Result<(), Box<dyn Error>> {
    let (mut payloads, mut told) = (Payloads::of(log), 0);
    audit::read(log, |entry| {
        for payload in entry.payloads() {
            if payload.kind != PayloadKind::Result || told == 3 {
                continue;
            }
            if let Some(Payload::Kept(text)) = payloads.read(entry, payload.kind)? {
                println!("{:>5} {text}", entry.index());
                told += 1;
            }
        }
        Ok::<_, LogError>(())
    })?;
    Ok(())
}

fn paid(what: &str, answer: Result<Answer<impl Display>, ToolError>) {
    show(what, answer.map(Answer::into_value));
}

fn show(what: &str, answer: Result<impl Display, ToolError>) {
    match answer {
        Ok(answer) => println!("{what:<16} {answer}"),
        Err(error) => println!("{what:<16} refused {error}"),
    }
}

fn heading(text: &str) {
    println!("\n== {text}");
}
