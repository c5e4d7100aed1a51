//! Error against epsilon, as bars of text. The records are made up, and the ledger forgets: a chart of real ones would have to be
//! paid for.

use std::error::Error;

use portcullis::privacy::{
    AgentMemory, Budget, BudgetPlan, DataSubject, Delta, Embedding, Epsilon, Feasibility, Ledger,
    MemoryPlan, PartitionName, PartitionPlan, Rho, Task, Which, feasibility,
};

const RECORDS: usize = 500;
const RELEASES: u32 = 400;

pub fn errors() -> Result<(), Box<dyn Error>> {
    let name = "made-up".parse()?;
    let memory = memory(name)?;
    for value in [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0] {
        let epsilon = Epsilon::new(value)?;
        let mut off_by = 0.0;
        for _ in 0..RELEASES {
            let count = memory.count(&name, Which::Labelled("a"), epsilon)?;
            off_by += (count.value() - RECORDS as i64).abs() as f64;
        }
        let measured = off_by / f64::from(RELEASES);
        let expected = match feasibility(Task::Count, RECORDS, 2, epsilon)? {
            Feasibility::OffBy { error, .. } => error,
            _ => f64::NAN,
        };
        let bar = "#".repeat((measured * 2.0).round() as usize);
        println!("epsilon {value:<5} {measured:>6.2} {expected:>6.2}  {bar}");
    }
    Ok(())
}

fn memory(name: PartitionName) -> Result<AgentMemory, Box<dyn Error>> {
    let budget = Budget::zcdp(Rho::new(1e6)?, Delta::ZERO);
    let ledger = Ledger::that_forgets(BudgetPlan::new(budget).partition(name, budget))?;
    let plan = PartitionPlan::central(2, 1.0)?.labels(["a", "b"])?;
    let memory = AgentMemory::new(MemoryPlan::new().partition(name, plan), ledger)?;
    for number in 0..RECORDS {
        let embedding = Embedding::new(&[1.0, 0.0]).labelled("a");
        let embedding = embedding.about(DataSubject::new(&number.to_string()));
        memory.store_embedding(&name, number.to_string().parse()?, embedding)?;
    }
    Ok(memory)
}
