//! What an agent remembers: storing, asking, forgetting, files, threads.

mod asking;
mod files;
mod forgetting;
mod guarded;
mod naive;
mod storing;
mod threads;

use std::path::Path;

use portcullis::privacy::{
    AgentMemory, Answer, Budget, BudgetPlan, DataSubject, Delta, Embedding, Epsilon, Ledger,
    MemoryError, MemoryPlan, PartitionName, PartitionPlan, RecordKey, Remaining, Rho, Scope,
};

/// Partitions of 4 coordinates: `faq` is public, `notes` gets its noise when written, `tickets` is raw and has labels.
const DIMENSION: usize = 4;
const LABELS: [&str; 3] = ["billing", "login", "other"];

fn faq() -> PartitionName {
    "faq".parse().unwrap()
}

fn notes() -> PartitionName {
    "notes".parse().unwrap()
}

fn tickets() -> PartitionName {
    "tickets".parse().unwrap()
}

fn plan() -> MemoryPlan {
    let tickets_plan = PartitionPlan::central(DIMENSION, 1.0).unwrap();
    MemoryPlan::new()
        .partition(faq(), PartitionPlan::unprotected(DIMENSION).unwrap())
        .partition(notes(), noised(4.0))
        .partition(tickets(), tickets_plan.labels(LABELS).unwrap())
}

fn noised(value: f64) -> PartitionPlan {
    PartitionPlan::write_time(DIMENSION, 1.0, epsilon(value), Delta::default()).unwrap()
}

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).unwrap()
}

fn budgets(rho: f64) -> BudgetPlan {
    let budget = Budget::zcdp(Rho::new(rho).unwrap(), Delta::ZERO);
    BudgetPlan::new(budget)
        .partition_of_subjects(notes(), budget, budget)
        .partition_of_subjects(tickets(), budget, budget)
}

fn forgetful(rho: f64) -> AgentMemory {
    AgentMemory::new(plan(), Ledger::that_forgets(budgets(rho)).unwrap()).unwrap()
}

fn durable(rho: f64, ledger: &Path) -> Ledger {
    Ledger::open(ledger, budgets(rho)).unwrap()
}

fn key(key: &str) -> RecordKey {
    key.parse().unwrap()
}

fn user(number: usize) -> DataSubject {
    DataSubject::new(&format!("user-{number}"))
}

/// A vector of length 1 that says its label: billing is the first axis, login the second, other the third.
fn about(label: &str) -> [f32; DIMENSION] {
    let mut vector = [0.0; DIMENSION];
    vector[LABELS.iter().position(|known| *known == label).unwrap()] = 1.0;
    vector
}

fn ticket(memory: &AgentMemory, number: usize, label: &str) {
    let vector = about(label);
    let ticket = Embedding::new(&vector).about(user(number)).labelled(label);
    let key = key(&format!("ticket-{number}"));
    memory.store_embedding(&tickets(), key, ticket).unwrap();
}

fn left(memory: &AgentMemory, scope: Scope) -> Remaining {
    memory.ledger().remaining(&scope).unwrap()
}

fn left_of_tickets(memory: &AgentMemory) -> Remaining {
    left(memory, Scope::Partition(tickets()))
}

fn is_refused<T>(answer: &Result<Answer<T>, MemoryError>) -> bool {
    matches!(answer, Err(error) if error.refused_charge().is_some())
}
