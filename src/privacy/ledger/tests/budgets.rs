//! What is declared, against what is on record.

use super::*;

fn with(budget: f64) -> BudgetPlan {
    let budget = Budget::zcdp(Rho::new(budget).unwrap(), Delta::ZERO);
    BudgetPlan::new(budget).partition(tickets(), budget)
}

fn open_with(disk: &Disk, budget: f64) -> Result<Ledger, LedgerError> {
    LedgerOptions::new(with(budget)).open_in(Arc::new(disk.clone()))
}

fn left(ledger: &Ledger) -> f64 {
    ledger.remaining(charge().scope()).unwrap().loss().value()
}

/// The same parameters may come to another last digit elsewhere.
#[test]
fn rounding_is_no_raise_and_the_smaller_budget_holds() {
    let disk = Disk::default();
    drop(open_with(&disk, 0.5).unwrap());
    let before = disk.files();
    assert_eq!(left(&open_with(&disk, 0.5 * (1.0 + 1e-13)).unwrap()), 0.5);
    assert_eq!(disk.files(), before, "nothing to put on record");
    let raised = open_with(&disk, 0.5 * (1.0 + 1e-11));
    assert!(matches!(raised, Err(LedgerError::Raised(_))), "{raised:?}");
    assert_eq!(
        left(&open_with(&disk, 0.5 * (1.0 - 1e-13)).unwrap()),
        0.499_999_999_999_95
    );
    // Many small steps up do not add up.
    for step in 1..100 {
        let opened = open_with(&disk, 0.5 * (1.0 + f64::from(step) * 5e-13));
        if let Ok(ledger) = opened {
            assert!(left(&ledger) < 0.5);
        }
    }
}

#[test]
fn partitions_do_not_grow_without_bound() {
    let disk = Disk::default();
    let open_one = |index: usize| {
        let budget = Budget::zcdp(Rho::new(1.0).unwrap(), Delta::ZERO);
        let name = format!("p{index}").parse().unwrap();
        let options = LedgerOptions::new(BudgetPlan::new(budget).partition(name, budget));
        options.open_in(Arc::new(disk.clone())).map(drop)
    };
    (0..64).for_each(|index| open_one(index).unwrap());
    let before = disk.files();
    let more = open_one(64);
    assert!(
        matches!(more, Err(LedgerError::TooManyPartitions { most: 64 })),
        "{more:?}"
    );
    assert_eq!(disk.files(), before, "a refusal changes nothing");
    open_one(63).unwrap();
}
