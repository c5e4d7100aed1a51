//! A process that was forked off has a copy of what its parent is about to write.

use super::*;

/// Written by both, the records would stand there twice, and the journal would be damaged.
#[test]
fn a_forked_process_writes_nothing_when_it_ends() {
    let disk = Disk::default();
    let (mut journal, ..) = open(&OpenOptions::new(TEST), &disk).unwrap();
    journal.append(1, b"the parent's to write").unwrap();
    let before = (disk.files(), disk.operations());
    // The child has all that the parent has, but another number.
    journal.process ^= 1;
    drop(journal);
    assert_eq!((disk.files(), disk.operations()), before);
}
