//! A ledger that is cut off at every byte. Only a cut between two records cannot be seen: for that there are heads.

use super::*;

/// Where the header and each record ends.
fn ends(data: &[u8]) -> Vec<usize> {
    let mut ends = vec![72];
    let next = |end: usize| data.get(end..)?.first_chunk().copied();
    while let Some(length) = next(ends[ends.len() - 1]) {
        ends.push(ends[ends.len() - 1] + 17 + u32::from_le_bytes(length) as usize);
    }
    ends
}

#[test]
fn a_cut_within_a_record_is_refused_and_one_between_shows_against_a_head() {
    let disk = Disk::default();
    let ledger = open(&disk).unwrap();
    (0..3).for_each(|_| ledger.spend(&charge()).unwrap());
    let head = ledger.head().unwrap();
    drop(ledger);
    let (name, whole) = disk.files().remove(0);
    let ends = ends(&whole);
    assert_eq!((ends.len(), ends.last()), (6, Some(&whole.len())));
    for length in 0..whole.len() {
        let disk = Disk::holding(&[(name.clone(), whole[..length].to_vec())]);
        let before = disk.files();
        if ends.contains(&length) {
            let kept = LedgerOptions::new(plan())
                .kept(head)
                .open_in(Arc::new(disk.clone()));
            assert!(
                matches!(kept, Err(LedgerError::NotGrown { .. })),
                "{kept:?}"
            );
            assert_eq!(disk.files(), before, "a refusal changes nothing");
            open(&disk).unwrap();
            continue;
        }
        let opened = open(&disk);
        assert!(
            matches!(opened, Err(LedgerError::Torn { .. })),
            "{length}: {opened:?}"
        );
        assert_eq!(disk.files(), before, "a refusal changes nothing");
        let accepting = LedgerOptions::new(plan()).accept_loss();
        assert_exhausted(&accepting.open_in(Arc::new(disk.clone())).unwrap());
        assert_exhausted(&open(&disk).unwrap());
    }
}
