//! A ledger over a disk that fails at every operation, and after that crashes in every way it can be left in.
//!
//! Laws: what was released is never more than the budget, whatever failed in between; what was acknowledged stays charged.

mod budgets;
mod cuts;
mod heads;
pub(in crate::privacy) mod life;
mod loss;

use std::collections::HashSet;
use std::sync::Arc;

use super::*;
use crate::journal::disk::{Disk, FAULTS, Fault, State};
use crate::privacy::{Budget, ChargeError, Cost, Filter, Rho, Scope};

/// So many charges fit.
const FIT: usize = 8;

fn plan() -> BudgetPlan {
    let budget = Budget::zcdp(Rho::new(0.125 * FIT as f64 + 0.01).unwrap(), Delta::ZERO);
    BudgetPlan::new(budget).partition(tickets(), budget)
}

fn tickets() -> PartitionName {
    "tickets".parse().unwrap()
}

fn charge() -> Charge {
    Charge::new(Scope::Partition(tickets()), Cost::exponential(1.0))
}

fn open(disk: &Disk) -> Result<Ledger, LedgerError> {
    LedgerOptions::new(plan()).open_in(Arc::new(disk.clone()))
}

/// What callers were told: so many charges are kept, and what the ledger came to.
#[derive(Clone, Copy, Default)]
struct Told {
    charged: usize,
    head: Option<LedgerHead>,
}

/// Two lives. Stops at the first failure.
fn live(disk: &Disk, told: &mut Told) -> Result<(), LedgerError> {
    for charges in [3, 2] {
        let ledger = open(disk)?;
        for _ in 0..charges {
            let kept = ledger.spend(&charge());
            if kept.is_err() {
                // From here on nothing is charged, so nothing may be released.
                assert!(matches!(
                    ledger.spend(&charge()),
                    Err(LedgerError::Storage(_))
                ));
            }
            kept?;
            told.charged += 1;
            told.head = ledger.head();
        }
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Tally {
    crashes: usize,
    torn: usize,
    charged: usize,
}

#[test]
pub(in crate::privacy) fn no_fault_and_no_crash_pays_anything_back() {
    let mut tally = Tally::default();
    let mut checked = HashSet::new();
    for fault in FAULTS {
        for operation in 0.. {
            let (disk, mut told) = (Disk::default(), Told::default());
            disk.fail_at(operation, fault);
            let lived = live(&disk, &mut told);
            let is_past_the_end = operation >= disk.operations();
            if fault == Fault::WritesHalf {
                lived.expect("a short write is carried on");
            }
            let died = disk.state(|state| state.after_the_process());
            for state in disk.crashes_by(7).into_iter().chain([died]) {
                if checked.insert((state.content(), told.charged)) {
                    check(state, told, &mut tally);
                }
            }
            if is_past_the_end {
                break;
            }
        }
    }
    assert!(
        tally.crashes > 200 && tally.torn > 50 && tally.charged > 200,
        "{tally:?}"
    );
}

fn check(state: State, told: Told, tally: &mut Tally) {
    let disk = Disk::new(state);
    tally.crashes += 1;
    tally.charged += told.charged;
    let before = disk.files();
    let opened = match open(&disk) {
        Err(LedgerError::Torn { .. } | LedgerError::Damaged { .. }) => {
            assert_eq!(disk.files(), before, "a refusal changes nothing");
            tally.torn += 1;
            let options = LedgerOptions::new(plan()).accept_loss();
            let ledger = options.open_in(Arc::new(disk.clone())).unwrap();
            assert_exhausted(&ledger);
            drop(ledger);
            // It stays so.
            let ledger = open(&disk).unwrap();
            assert_exhausted(&ledger);
            return;
        }
        opened => opened.unwrap(),
    };
    drop(opened);
    // What was acknowledged is in it.
    let options = LedgerOptions::new(plan());
    let options = told.head.into_iter().fold(options, LedgerOptions::kept);
    let ledger = options.open_in(Arc::new(disk)).unwrap();
    let more = (0..)
        .take_while(|_| ledger.spend(&charge()).is_ok())
        .count();
    assert!(told.charged + more <= FIT, "{} and {more}", told.charged);
    // One may have been charged that nobody was told of.
    assert!(
        told.charged + more >= FIT - 1,
        "{} and {more}",
        told.charged
    );
}

fn assert_exhausted(ledger: &Ledger) {
    let refused = ledger.spend(&charge());
    assert!(
        matches!(
            refused,
            Err(LedgerError::Charge(ChargeError::OverBudget(_)))
        ),
        "{refused:?}"
    );
    let left = ledger.remaining(charge().scope()).unwrap();
    assert_eq!(left.loss().units(), 0);
}

#[test]
fn a_forked_process_charges_nothing() {
    let mut ledger = open(&Disk::default()).unwrap();
    let file = ledger.file.as_mut().unwrap();
    file.process = file.process.wrapping_add(1);
    let charge = charge();
    assert!(matches!(ledger.spend(&charge), Err(LedgerError::Forked)));
    let quote = ledger.quote(&[charge]);
    assert!(matches!(quote, Err(LedgerError::Forked)));
    let remaining = ledger.remaining(charge.scope());
    assert!(matches!(remaining, Err(LedgerError::Forked)));
}

/// Every byte of a ledger, changed: an error, or what a torn end is.
#[test]
fn every_changed_byte_shows() {
    let disk = Disk::default();
    let ledger = open(&disk).unwrap();
    ledger.spend(&charge()).unwrap();
    let head = ledger.head().unwrap();
    drop(ledger);
    let files = disk.files();
    for (index, (name, bytes)) in files.iter().enumerate() {
        for at in 0..bytes.len() {
            let mut changed = files.clone();
            changed[index].1[at] ^= 4;
            let disk = Disk::holding(&changed);
            let opened = LedgerOptions::new(plan())
                .kept(head)
                .open_in(Arc::new(disk));
            assert!(opened.is_err(), "byte {at} of {name}");
        }
    }
}

/// Records that have the right checksums and cannot be: whoever wrote them was no ledger.
#[test]
fn records_that_contradict_each_other_are_damage() {
    use crate::journal::{OpenOptions, Purpose};
    use crate::privacy::accountant::{Approved, Spend};
    let overall = plan().overall().limit();
    let opened = Record::Opened {
        adjacency: crate::privacy::Adjacency::ReplaceOne,
        filter: Filter::Zcdp,
        random: [7; 16],
        overall,
    };
    let partition = Record::Partition {
        name: tickets(),
        budget: overall,
        per_subject: None,
    };
    let nothing = Spend::default();
    let charged = Record::Charged(Approved {
        partition: 1,
        subject: None,
        price: nothing,
    });
    let limit = crate::privacy::Limit::Overall;
    let more = Spend {
        delta: crate::privacy::Amount::from_units(1),
        ..overall
    };
    let raised = Record::Lowered {
        limit,
        budget: more,
    };
    let other = crate::privacy::Limit::Partition("other".parse().unwrap());
    let unknown = Record::Lowered {
        limit: other,
        budget: nothing,
    };
    for records in [
        &[partition][..],
        &[opened, opened],
        &[opened, partition, partition],
        &[opened, partition, charged],
        &[opened, raised],
        &[opened, unknown],
    ] {
        let disk = Disk::default();
        let options = OpenOptions::new(Purpose::new(b"privacy ledger"));
        let (journal, _) = options
            .open_in(Arc::new(disk.clone()), |_| Ok::<_, LedgerError>(()))
            .unwrap();
        for record in records {
            journal.append(record.kind(), &record.encode()).unwrap();
        }
        journal.append(9, b"").unwrap();
        journal.sync().unwrap();
        drop(journal);
        let opened = super::open::LedgerOptions::new(plan()).open_in(Arc::new(disk));
        let Err(LedgerError::Damaged { problem }) = opened else {
            panic!("{opened:?}")
        };
        let last = records.len() - 1;
        assert!(problem.starts_with(&format!("record {last} ")), "{problem}");
    }
}
