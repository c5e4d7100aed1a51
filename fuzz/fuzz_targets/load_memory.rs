//! Any bytes as the file of a memory: an error, or a memory that keeps to its plan, answers, and comes back as it was saved.
#![no_main]

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use portcullis::privacy::{
    AgentMemory, Budget, BudgetPlan, DataSubject, Delta, Epsilon, Ledger, MemoryPlan,
    PartitionName, PartitionPlan, Rho, Which,
};

fuzz_target!(|data: &[u8]| {
    let folder = std::env::temp_dir().join(format!("portcullis-fuzz-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("memory");
    fs::write(&file, data).unwrap();
    if let Ok(memory) = load(&file) {
        check(&memory, &folder);
    }
    // With a checksum that is right, so that all the other checks are reached.
    let content = &data[..data.len().saturating_sub(4)];
    let checksum = crc32c::crc32c(content).to_le_bytes();
    fs::write(&file, [content, &checksum].concat()).unwrap();
    if let Ok(memory) = load(&file) {
        check(&memory, &folder);
    }
    let _ = fs::remove_dir_all(&folder);
});

fn names() -> [PartitionName; 3] {
    ["faq", "notes", "tickets"].map(|name| name.parse().unwrap())
}

fn load(file: &Path) -> Result<AgentMemory, portcullis::privacy::MemoryError> {
    let [faq, notes, tickets] = names();
    let budget = Budget::zcdp(Rho::new(1e9).unwrap(), Delta::ZERO);
    let budgets = BudgetPlan::new(budget)
        .partition_of_subjects(notes, budget, budget)
        .partition_of_subjects(tickets, budget, budget);
    let noised = PartitionPlan::write_time(2, 1.0, epsilon(4.0), Delta::default());
    let labelled = PartitionPlan::central(2, 1.0).unwrap().labels(["a", "b"]);
    let plan = MemoryPlan::new()
        .partition(faq, PartitionPlan::unprotected(2).unwrap())
        .partition(notes, noised.unwrap())
        .partition(tickets, labelled.unwrap());
    AgentMemory::load(plan, Ledger::that_forgets(budgets).unwrap(), file)
}

fn check(memory: &AgentMemory, folder: &Path) {
    comes_back(memory, folder);
    let [faq, notes, tickets] = names();
    let (much, query) = (epsilon(2e4), [0.6, 0.8]);
    for (partition, is_central) in [(faq, false), (notes, false), (tickets, true)] {
        let records = memory.records(&partition).unwrap();
        let count = memory.count(&partition, Which::All, much).unwrap();
        assert_eq!(*count.value(), records as i64);
        let mean = memory.mean(&partition, much).unwrap().into_value();
        assert!(!is_central || mean.iter().map(|it| it * it).sum::<f64>().sqrt() < 1.2);
        assert!(memory.select(&partition, &[query], much).is_ok());
        let near = Which::Near {
            query: &query,
            least: 0.0,
        };
        assert!(memory.sum(&partition, near, much).is_ok());
        let keys = match is_central {
            false => {
                let nearest = memory.nearest(&partition, &query, 64).unwrap();
                assert!(nearest.iter().all(|(_, likeness)| !likeness.is_nan()));
                nearest.into_iter().map(|(key, _)| key).collect()
            }
            true if records == 0 => Vec::new(),
            true => {
                let guess = memory.dangerous().nearest(&partition, &query, 64, much);
                guess.unwrap().value().keys().to_vec()
            }
        };
        assert_eq!(keys.len(), records.min(64));
        for key in keys {
            let answer = memory.retrieve_embedding(&partition, &key, much).unwrap();
            assert_eq!(answer.value().len(), 2);
            let again = memory.retrieve_embedding(&partition, &key, much).unwrap();
            assert!(again.charge().is_none() && !answer.value().iter().any(|it| it.is_nan()));
        }
    }
    assert!(memory.histogram(&tickets, much).is_ok());
    assert!(memory.vote(&tickets, &query, 3, much).is_ok());
    comes_back(memory, folder);
    memory.forget(&DataSubject::new("user-1")).unwrap();
    comes_back(memory, folder);
}

/// What is saved is loaded, and then saved as it was.
fn comes_back(memory: &AgentMemory, folder: &Path) {
    let saved = folder.join("saved");
    memory.save_with_raw(&saved).unwrap();
    let bytes = fs::read(&saved).unwrap();
    let again = load(&saved).unwrap();
    again.save_with_raw(&saved).unwrap();
    assert!(fs::read(&saved).unwrap() == bytes);
    again.save(&saved).unwrap();
    let [.., tickets] = names();
    assert_eq!(load(&saved).unwrap().records(&tickets).unwrap(), 0);
}

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).unwrap()
}
