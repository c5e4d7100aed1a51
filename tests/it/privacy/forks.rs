//! A process that is really forked, in the middle of its work: parent and child have the same budget, noise and records.

use std::path::Path;
use std::process::{Command, exit};

use fork::{Fork, fork, waitpid};
use portcullis::privacy::{
    AgentMemory, Budget, BudgetPlan, Charge, Count, DataSubject, Delta, Embedding, Epsilon,
    Laplace, Ledger, LedgerError, MechanismError, MemoryError, MemoryPlan, Noise, PartitionName,
    PartitionPlan, Rho, Scope, Which,
};

use crate::folder::Folder;

const TEST: &str = "privacy::forks::a_forked_process_spends_and_releases_nothing";
const DIRECTORY: &str = "PORTCULLIS_FORK_TEST";
/// How many counts the budget is for.
const COUNTS: usize = 9;

fn name() -> PartitionName {
    "tickets".parse().unwrap()
}

fn epsilon() -> Epsilon {
    Epsilon::new(0.5).unwrap()
}

fn ledger(directory: &Path) -> Result<Ledger, LedgerError> {
    let each = Laplace::new(Count.l1(), epsilon()).unwrap().cost();
    let budget = Budget::zcdp(
        Rho::new(each.rho().unwrap().value() * (COUNTS as f64 + 0.5)).unwrap(),
        Delta::ZERO,
    );
    Ledger::open(
        directory.join("ledger"),
        BudgetPlan::new(budget).partition(name(), budget),
    )
}

fn memory(directory: &Path) -> AgentMemory {
    let plan = PartitionPlan::central(2, 1.0).unwrap();
    let plan = MemoryPlan::new().partition(name(), plan);
    let memory = AgentMemory::new(plan, ledger(directory).unwrap()).unwrap();
    let embedding = Embedding::new(&[0.6, 0.8]).about(DataSubject::new("user"));
    memory
        .store_embedding(&name(), "ticket".parse().unwrap(), embedding)
        .unwrap();
    memory
}

/// Threads of a test harness are gone after a fork, with whatever they held; so it is done in a process with one thread that works.
#[test]
fn a_forked_process_spends_and_releases_nothing() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return work_and_fork(Path::new(&directory));
    }
    let folder = Folder::new();
    let worked = Command::new(std::env::current_exe().unwrap())
        .args([TEST, "--exact", "--nocapture"])
        .env(DIRECTORY, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&worked.stdout);
    assert!(worked.status.success(), "{said}");
    assert!(said.contains("the child was refused everything"), "{said}");
    assert!(said.contains("the parent spent the rest"), "{said}");
    // All is on disk, and nothing twice.
    let ledger = ledger(folder.path()).unwrap();
    let remaining = ledger.remaining(&Scope::Partition(name())).unwrap();
    assert!(remaining.laplace() < epsilon());
}

fn work_and_fork(directory: &Path) {
    let memory = memory(directory);
    let count = || memory.count(&name(), Which::All, epsilon());
    drop(count().unwrap());
    memory.draw_ahead().unwrap();
    let mut noise = Noise::new(Laplace::new(Count.l1(), epsilon()).unwrap()).unwrap();
    noise.draw_ahead(10).unwrap();
    match fork().unwrap() {
        Fork::Child => {
            assert!(matches!(count(), Err(MemoryError::Forked)));
            assert_eq!(noise.release(&Count.l1_of(1)), Err(MechanismError::Forked));
            let charge = Charge::new(Scope::Partition(name()), noise.mechanism().cost());
            let charged = memory.ledger().spend(&charge);
            assert!(matches!(charged, Err(LedgerError::Forked)), "{charged:?}");
            // Not as long as the parent has it.
            let again = ledger(directory);
            assert!(matches!(again, Err(LedgerError::InUse)), "{again:?}");
            drop(memory);
            println!("the child was refused everything");
            exit(0);
        }
        Fork::Parent(child) => {
            waitpid(child).unwrap();
            let counts = (1..).take_while(|_| count().is_ok()).count();
            assert_eq!(1 + counts, COUNTS);
            println!("the parent spent the rest");
        }
    }
}
