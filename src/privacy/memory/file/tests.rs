use super::*;
use crate::journal::disk::{Disk, FAULTS};
use crate::privacy::{
    Budget, BudgetPlan, DataSubject, Delta, Embedding, Epsilon, PartitionName, PartitionPlan, Rho,
    Which,
};

fn name() -> PartitionName {
    "tickets".parse().unwrap()
}

/// With so many records.
fn memory(records: u32) -> AgentMemory {
    let budget = Budget::zcdp(Rho::new(1e9).unwrap(), Delta::ZERO);
    let ledger = Ledger::that_forgets(BudgetPlan::new(budget).partition(name(), budget)).unwrap();
    let plan = MemoryPlan::new().partition(name(), PartitionPlan::central(2, 1.0).unwrap());
    let memory = AgentMemory::new(plan, ledger).unwrap();
    for number in 0..records {
        let (key, subject) = (number.to_string(), DataSubject::new(&number.to_string()));
        let embedding = Embedding::new(&[0.6, 0.8]).about(subject);
        let stored = memory.store_embedding(&name(), key.parse().unwrap(), embedding);
        stored.unwrap();
    }
    memory
}

/// How many records are found, if the file is whole; it always is.
fn found(disk: &Disk) -> usize {
    let memory = memory(0);
    memory.load_from(disk, "memory").unwrap();
    let count = memory.count(&name(), Which::All, Epsilon::new(200.0).unwrap());
    let records = memory.records(&name()).unwrap();
    assert_eq!(count.unwrap().into_value(), records as i64);
    records
}

/// Law: whatever fails and wherever the machine crashes, there is the old memory or the new one; and the new one, once it was
/// reported as saved.
#[test]
fn a_save_that_fails_or_crashes_leaves_one_of_both() {
    let whole = {
        let disk = Disk::default();
        memory(3).save_in(&disk, "memory", Raw::Kept).unwrap();
        disk.operations()
    };
    for fault in FAULTS {
        for operation in 0..whole + 2 {
            let disk = Disk::default();
            memory(3).save_in(&disk, "memory", Raw::Kept).unwrap();
            disk.fail_at(disk.operations() + operation, fault);
            let saved = memory(5).save_in(&disk, "memory", Raw::Kept);
            let records = found(&Disk::new(disk.state(|state| state.after_the_process())));
            assert!(
                records == 5 || saved.is_err() && records == 3,
                "{fault:?} at {operation}"
            );
            for crashed in disk.crashes_by(7) {
                let disk = Disk::new(crashed);
                let records = found(&disk);
                assert!(
                    records == 5 || saved.is_err() && records == 3,
                    "{fault:?} at {operation}"
                );
                // What is left of an attempt is not in the way.
                memory(4).save_in(&disk, "memory", Raw::Kept).unwrap();
                assert_eq!(found(&disk), 4);
                assert_eq!(disk.files().len(), 1);
            }
        }
    }
}
