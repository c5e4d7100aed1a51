//! A vote of the nearest, beside looking at all vectors once.

use std::hint::black_box;
use std::num::NonZeroU32;

use portcullis::privacy::{
    AgentMemory, Budget, BudgetPlan, DataSubject, Delta, Embedding, Ledger, MemoryPlan,
    PartitionName, PartitionPlan, Rho,
};

use super::{epsilon, row};

const RECORDS: u32 = 100_000;
const DIMENSION: usize = 384;
const LABELS: [&str; 20] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s",
    "t",
];

pub(super) fn vote(rounds: usize) {
    let name = "tickets".parse().unwrap();
    let memory = memory(name);
    let plain: Vec<f32> = (0..RECORDS).flat_map(vector).collect();
    let query = vector(RECORDS);
    row(
        "vote of the 50 nearest of 100,000 × 384",
        "dot products alone",
        "≤ 1.5",
        || {
            drop(black_box(
                memory.vote(&name, &query, 50, epsilon()).unwrap(),
            ))
        },
        || {
            let rows = plain.chunks_exact(DIMENSION).map(|row| dot(row, &query));
            black_box(rows.fold(f32::NEG_INFINITY, f32::max));
        },
        rounds,
    );
}

fn memory(name: PartitionName) -> AgentMemory {
    let budget = Budget::zcdp(Rho::new(1e12).unwrap(), Delta::ZERO);
    let ledger = Ledger::that_forgets(BudgetPlan::new(budget).partition(name, budget)).unwrap();
    let plan = PartitionPlan::central(DIMENSION, 1.0).unwrap();
    let plan = plan
        .labels(LABELS)
        .unwrap()
        .delta(Delta::new(1e-7).unwrap());
    let plan = plan.most_records(NonZeroU32::new(RECORDS).unwrap());
    let memory = AgentMemory::new(MemoryPlan::new().partition(name, plan), ledger).unwrap();
    for number in 0..RECORDS {
        let vector = vector(number);
        let embedding = Embedding::new(&vector)
            .about(DataSubject::new(&number.to_string()))
            .labelled(LABELS.get(number as usize % LABELS.len()).unwrap());
        let key = number.to_string().parse().unwrap();
        memory.store_embedding(&name, key, embedding).unwrap();
    }
    memory
}

/// Of about length 1, and different for each number.
fn vector(number: u32) -> [f32; DIMENSION] {
    let mut state = number;
    std::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state as f32 / u32::MAX as f32 - 0.5) * 0.177
    })
}

/// In lanes, which a processor multiplies and adds at once.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0; 16];
    for (left, right) in left
        .as_chunks::<16>()
        .0
        .iter()
        .zip(right.as_chunks::<16>().0)
    {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * right;
        }
    }
    sums.iter().sum()
}
