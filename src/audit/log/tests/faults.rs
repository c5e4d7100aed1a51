//! The disk fails at every single operation of a log's life, and after that the machine crashes in every way the disk can be
//! left in.
//!
//! Laws: what was acknowledged as durable is in the log; nothing is invented; a call that was cut off reads `unknown`; a log
//! that has refused once refuses for good, and opens again; no checkpoint was handed out over entries that can still be lost.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::{AuditLogOptions, LogError};
use super::life::{Told, live};
use super::sinks::{Failing, Keeping};
use super::{after_the_process, closed_log, laws, lines, options, verifying};
use crate::journal::disk::{Disk, FAULTS, Fault, State};

/// Of what was not synced, every so many bytes are a place to cut at.
const STEP: usize = 83;

/// With the sink that keeps in between two that do not.
fn options_with(sink: &Keeping) -> AuditLogOptions {
    options().sink(Failing).sink(sink.clone()).sink(Failing)
}

/// What was seen, so that a test cannot pass by seeing nothing.
#[derive(Debug, Default)]
struct Tally {
    crashes: usize,
    holes: usize,
    acknowledged: usize,
    checkpoints: usize,
    unknown: usize,
}

impl Tally {
    fn assert_much_was_seen(&self) {
        let is_much = self.crashes > 1000
            && self.holes > 50
            && self.acknowledged > 10 * self.crashes
            && self.checkpoints > self.crashes
            && self.unknown > self.crashes;
        assert!(is_much, "{self:?}");
    }
}

/// Lives on a disk that is as `start` makes it, with each fault at each operation.
fn fail_everywhere(start: impl Fn() -> (Disk, Keeping), step: usize) -> Tally {
    let mut tally = Tally::default();
    let mut checked = HashSet::new();
    for fault in FAULTS {
        for operation in 0.. {
            let (disk, sink) = start();
            let mut told = Told::default();
            disk.fail_at(operation, fault);
            let lived = live(&disk, || options_with(&sink), &mut told);
            let is_past_the_end = operation >= disk.operations();
            let is_silent = told.silent.iter().any(|range| range.contains(&operation));
            match fault {
                Fault::WritesHalf => lived.expect("a short write is carried on"),
                Fault::Fails => assert!(
                    lived.is_err() || is_past_the_end || is_silent,
                    "the failure of operation {operation} was ignored"
                ),
                _ => {}
            }
            let died = disk.state(|state| state.after_the_process());
            for state in disk.crashes_by(step).into_iter().chain([died]) {
                let kept = sink.all().len();
                if checked.insert((state.content(), told.durable, kept)) {
                    check(state, &told, &sink, &mut tally);
                }
            }
            if is_past_the_end {
                break;
            }
        }
    }
    tally
}

/// Looks at what a crash left, opens it, and goes on with it.
fn check(state: State, told: &Told, sink: &Keeping, tally: &mut Tally) {
    let disk = Disk::new(state);
    let sink = sink.copy();
    let has_hole = verify_as_found(&disk, &sink, told);
    let opening = || match has_hole {
        true => options_with(&sink).accept_loss(),
        false => options_with(&sink),
    };
    if has_hole {
        let before = disk.files();
        let refused = options_with(&sink).open_in(Arc::new(disk.clone()));
        assert!(matches!(refused, Err(LogError::Damaged { .. })));
        assert_eq!(disk.files(), before, "a refusal changes nothing");
    }
    let log = opening().open_in(Arc::new(disk.clone())).unwrap();
    let seen = laws::hold(&after_the_process(&disk), told);
    // What was seen stays, and the log goes on.
    let mut told = told.seen(seen);
    told.policy_loaded(&log, 77).unwrap();
    log.close().unwrap();
    drop(log);
    for state in disk.crashes_by(10 * STEP) {
        let disk = Disk::new(state);
        assert_eq!(laws::hold(&disk, &told), told.tried.len());
        verify(&disk, &sink).unwrap();
    }
    tally.crashes += 1;
    tally.holes += usize::from(has_hole);
    tally.acknowledged += told.durable;
    tally.checkpoints += sink.all().len();
    let lines = lines(&disk).unwrap();
    tally.unknown += lines
        .iter()
        .filter(|line| line.contains("\"type\":\"unknown\""))
        .count();
}

/// Without opening it: whether a hole of lost bytes stands before records that were not lost.
fn verify_as_found(disk: &Disk, sink: &Keeping, told: &Told) -> bool {
    match verify(disk, sink) {
        Ok(_) => false,
        Err(LogError::Damaged { problem, .. }) => {
            assert!(problem.contains("later records follow"), "{problem}");
            true
        }
        Err(LogError::NoLog) => {
            assert_eq!((told.durable, sink.all().len()), (0, 0));
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// Against every checkpoint that was ever handed out.
fn verify(disk: &Disk, sink: &Keeping) -> Result<(), LogError> {
    let kept = sink.all();
    let options = kept
        .into_iter()
        .fold(verifying(), |options, checkpoint| options.kept(checkpoint));
    options.verify_in(Arc::new(disk.clone())).map(drop)
}

#[test]
fn a_new_log_survives_every_fault_and_crash() {
    let tally = fail_everywhere(|| (Disk::default(), Keeping::default()), 20 * STEP);
    tally.assert_much_was_seen();
}

#[test]
fn a_log_survives_every_fault_and_crash() {
    let closed = closed_log();
    let tally = fail_everywhere(
        || (after_the_process(&closed), Keeping::default()),
        2 * STEP,
    );
    tally.assert_much_was_seen();
}
