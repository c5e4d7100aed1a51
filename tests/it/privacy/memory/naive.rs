//! The mistakes of the naive design that a memory would make, each by name.

use portcullis::privacy::{Cost, Mechanism, Which};

use super::*;
use crate::folder::Folder;

/// Fault 1: Laplace noise on each coordinate of a vector that is clipped in L2 costs 39 times what it says, at 384 dimensions.
/// Here vectors go through Gaussian noise, for what they can be moved by in L2, and that is twice the norm (fault 2).
#[test]
fn naive_laplace_noise_on_vectors_clipped_in_l2() {
    let plan = PartitionPlan::central(384, 1.0).unwrap();
    let ledger = Ledger::that_forgets(budgets(1e6)).unwrap();
    let memory = AgentMemory::new(MemoryPlan::new().partition(tickets(), plan), ledger).unwrap();
    let vector = [1.0; 384];
    memory
        .store_embedding(
            &tickets(),
            key("ticket"),
            Embedding::new(&vector).about(user(1)),
        )
        .unwrap();
    let one = epsilon(1.0);
    let own = memory
        .retrieve_embedding(&tickets(), &key("ticket"), one)
        .unwrap();
    let sum = memory.sum(&tickets(), Which::All, one).unwrap();
    let mean = memory.mean(&tickets(), one).unwrap();
    let costs = [own.charge(), sum.charge(), mean.charge()];
    for cost in costs.map(|charge| *charge.unwrap().cost()) {
        assert_eq!(cost.mechanism(), Mechanism::Gaussian);
        // The deviation is 8.449 for a vector that is moved by 2 at most.
        let mu = cost.mu_squared().unwrap().sqrt();
        assert!((2.0 / mu - 8.449).abs() < 1e-3, "{mu}");
        assert_eq!(
            cost.epsilon(),
            None::<Epsilon>,
            "{:?}",
            Cost::epsilon(&cost)
        );
    }
}

/// Fault 5: epsilon is added to a counter that refuses nothing and forgets on restart.
#[test]
fn naive_counter_that_refuses_nothing_and_forgets_on_restart() {
    let folder = Folder::new();
    let (store, ledger) = (folder.path().join("memory"), folder.path().join("ledger"));
    let vote = |memory: &AgentMemory| memory.vote(&tickets(), &about("login"), 3, epsilon(1.0));
    let memory = AgentMemory::new(plan(), durable(1.01, &ledger)).unwrap();
    (0..9).for_each(|number| ticket(&memory, number, "login"));
    memory.save_with_raw(&store).unwrap();
    let answered = (0..20).filter(|_| vote(&memory).is_ok()).count();
    assert_eq!(answered, 8);
    let head = memory.ledger().head().unwrap();
    drop(memory);

    let memory = AgentMemory::load(plan(), durable(1.01, &ledger), &store).unwrap();
    assert_eq!(memory.records(&tickets()).unwrap(), 9);
    assert!(is_refused(&vote(&memory)));
    assert_eq!(memory.ledger().head(), Some(head));
    assert!(
        memory
            .vote(&tickets(), &about("login"), 3, epsilon(0.2))
            .is_ok()
    );
}
