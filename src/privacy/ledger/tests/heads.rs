//! What is kept of a ledger elsewhere.

use super::*;

/// It covers charges that are on disk, and no other: those may be gone after a crash, and the ledger would be taken for one
/// that was rolled back.
#[test]
fn a_head_that_was_handed_out_survives_every_crash() {
    let disk = Disk::default();
    let ledger = open(&disk).unwrap();
    // A charge whose sync fails is in memory, and may be on disk or not.
    disk.fail_at(disk.operations() + 1, Fault::Fails);
    assert!(matches!(
        ledger.spend(&charge()),
        Err(LedgerError::Storage(_))
    ));
    let head = ledger.head().unwrap();
    let mut checked = 0;
    for state in disk.crashes_by(7) {
        let options = LedgerOptions::new(plan()).kept(head);
        match options.open_in(Arc::new(Disk::new(state))) {
            Err(LedgerError::Torn { .. } | LedgerError::Damaged { .. }) => {}
            opened => {
                opened.unwrap();
                checked += 1;
            }
        }
    }
    assert!(checked >= 2, "{checked}");
}

/// Else whoever deletes a ledger and charges the same again has a head that was kept.
#[test]
fn no_two_ledgers_have_a_head_in_common() {
    let head = || {
        let ledger = open(&Disk::default()).unwrap();
        ledger.spend(&charge()).unwrap();
        ledger.head().unwrap()
    };
    assert_ne!(head(), head());
}

/// The chain follows the file, whoever writes it.
#[test]
fn heads_taken_amid_charges_are_on_the_chain() {
    let disk = Disk::default();
    let ledger = open(&disk).unwrap();
    let spend_and_look = || {
        let look = |_| {
            ledger.spend(&charge()).unwrap();
            ledger.head().unwrap()
        };
        (0..2).map(look).collect::<Vec<_>>()
    };
    let heads = std::thread::scope(|scope| {
        let threads = [0, 1, 2, 3].map(|_| scope.spawn(spend_and_look));
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    drop(ledger);
    let options = heads
        .into_iter()
        .fold(LedgerOptions::new(plan()), LedgerOptions::kept);
    options.open_in(Arc::new(disk)).unwrap();
}
