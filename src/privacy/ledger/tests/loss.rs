//! A loss that was accepted is never forgotten, whatever comes in between: what was cut off may have been charges.

use super::*;

/// A ledger whose last charge is torn.
fn torn() -> Disk {
    let disk = Disk::default();
    let ledger = open(&disk).unwrap();
    ledger.spend(&charge()).unwrap();
    drop(ledger);
    let (name, mut data) = disk.files().pop().unwrap();
    data.truncate(data.len() - 5);
    Disk::holding(&[(name, data)])
}

fn accepting() -> LedgerOptions {
    LedgerOptions::new(plan()).accept_loss()
}

/// Between the cut and the record of the loss the ledger looks whole, and has more budget than it should.
#[test]
fn no_fault_and_no_crash_forgets_a_loss() {
    let mut cut_already = 0;
    for fault in FAULTS {
        for operation in 0.. {
            let disk = torn();
            disk.fail_at(operation, fault);
            let opened = accepting().open_in(Arc::new(disk.clone()));
            let is_past_the_end = operation >= disk.operations();
            match opened {
                Ok(ledger) => assert_exhausted(&ledger),
                Err(error) => assert!(!is_past_the_end, "{error}"),
            }
            let died = disk.state(|state| state.after_the_process());
            for state in disk.crashes_by(7).into_iter().chain([died]) {
                let disk = Disk::new(state);
                let ledger = match open(&disk) {
                    Err(LedgerError::Torn { .. } | LedgerError::Damaged { .. }) => {
                        accepting().open_in(Arc::new(disk))
                    }
                    opened => {
                        cut_already += 1;
                        opened
                    }
                };
                assert_exhausted(&ledger.unwrap());
            }
            if is_past_the_end {
                break;
            }
        }
    }
    assert!(cut_already > 50, "{cut_already}");
}

/// Where a ledger is refused for another reason as well, nothing is cut off either.
#[test]
fn a_refusal_cuts_nothing_off() {
    let more = Budget::zcdp(Rho::new(100.0).unwrap(), Delta::ZERO);
    let raised = BudgetPlan::new(more).partition(tickets(), more);
    let other = Budget::gdp(crate::privacy::Mu::new(0.1).unwrap());
    let other = BudgetPlan::new(other).partition(tickets(), other);
    let longer = {
        let ledger = open(&Disk::default()).unwrap();
        (0..FIT).for_each(|_| ledger.spend(&charge()).unwrap());
        ledger.head().unwrap()
    };
    for options in [
        LedgerOptions::new(raised),
        LedgerOptions::new(other),
        LedgerOptions::new(plan()).kept(longer),
    ] {
        let disk = torn();
        let before = disk.files();
        let options = options.accept_loss();
        options.clone().open_in(Arc::new(disk.clone())).unwrap_err();
        assert_eq!(disk.files(), before, "{options:?}");
        assert!(matches!(open(&disk), Err(LedgerError::Torn { .. })));
    }
}

/// Nor is a ledger made where one is missed.
#[test]
fn a_ledger_that_is_missed_is_not_made_anew() {
    let ledger = open(&Disk::default()).unwrap();
    let head = ledger.head().unwrap();
    let empty = Disk::default();
    let options = LedgerOptions::new(plan()).kept(head);
    let opened = options.open_in(Arc::new(empty.clone()));
    assert!(
        matches!(opened, Err(LedgerError::NotGrown { .. })),
        "{opened:?}"
    );
    assert!(empty.files().is_empty());
}

/// A first file that is empty may be one that was just being made, or one whose charges are gone.
#[test]
fn an_empty_file_is_no_new_ledger() {
    let (name, _) = torn().files().remove(0);
    let disk = Disk::holding(&[(name, Vec::new())]);
    assert!(matches!(
        open(&disk),
        Err(LedgerError::Torn { offset: 0, .. })
    ));
    assert_exhausted(&accepting().open_in(Arc::new(disk.clone())).unwrap());
    // It is on record, and needs no note any more.
    let recorded = disk.files();
    assert_eq!(
        recorded.len(),
        1,
        "{:?}",
        recorded.last().map(|(name, _)| name)
    );
    assert_exhausted(&open(&disk).unwrap());
    assert_eq!(disk.files(), recorded);
}

#[test]
fn a_whole_ledger_loses_nothing_where_loss_would_be_accepted() {
    let disk = Disk::default();
    open(&disk).unwrap().spend(&charge()).unwrap();
    let ledger = accepting().open_in(Arc::new(disk)).unwrap();
    let more = (0..).take_while(|_| ledger.spend(&charge()).is_ok());
    assert_eq!(more.count(), FIT - 1);
}
