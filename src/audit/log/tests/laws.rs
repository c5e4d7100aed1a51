//! What must hold of the entries of a log that was opened, whatever had happened to it before.

use std::collections::BTreeMap;

use super::super::read::LogEntry;
use super::life::Told;
use super::lines;
use crate::journal::disk::Disk;

/// What a call has come to.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Allowed { writes: bool },
    Began,
}

/// Holds a log that was just opened against what its callers were told; how many of their records are in it.
///
/// What was acknowledged as durable is there; nothing is altered, repeated, left out in the middle or invented; every call
/// that began has one end.
pub(super) fn hold(disk: &Disk, told: &Told) -> usize {
    let lines = lines(disk).unwrap();
    let mut seen = 0;
    for (seq, line) in lines.iter().enumerate() {
        let expected = told.tried.get(seen);
        if expected.is_some_and(|members| *line == format!("{{\"seq\":{seq},{members}}}")) {
            seen += 1;
        } else {
            assert_is_of_the_log(seq, line);
        }
    }
    assert!(seen >= told.durable, "an acknowledged record is lost");
    assert_every_call_ends(&lines);
    seen
}

fn assert_is_of_the_log(seq: usize, line: &str) {
    let entry = LogEntry::parse(seq as u64, line.as_bytes()).unwrap();
    let is_note = match entry.kind() {
        "log_opened" | "log_closed" | "recovered" | "unknown" | "checkpoint_not_kept" => true,
        // Where a caller says it, it took some time.
        "abandoned" => entry.number("latency_ns").is_none(),
        _ => false,
    };
    assert!(is_note, "nobody recorded this, or not here: {line}");
}

/// A call that was cut off reads `unknown`, and `abandoned` only where it cannot have run. It is said once, and only once the
/// log was opened again.
fn assert_every_call_ends(lines: &[String]) {
    let mut pending: BTreeMap<String, Stage> = BTreeMap::new();
    let mut just_opened = false;
    for (seq, line) in lines.iter().enumerate() {
        let entry = LogEntry::parse(seq as u64, line.as_bytes()).unwrap();
        let kind = entry.kind();
        let is_settled_by_the_log =
            kind == "unknown" || kind == "abandoned" && entry.number("latency_ns").is_none();
        if kind == "log_opened" {
            just_opened = true;
        } else if !is_settled_by_the_log && kind != "recovered" {
            // An opening that failed may have settled some calls, and the next one the rest.
            assert!(!just_opened || pending.is_empty(), "left open: {line}");
            just_opened = false;
        }
        let Some(call) = entry.call() else { continue };
        match kind {
            "decided" if entry.decision() == Some("allow") => {
                let writes = entry.text("effect") != Some("read");
                let before = pending.insert(call.to_owned(), Stage::Allowed { writes });
                assert!(before.is_none(), "decided twice: {line}");
            }
            "decided" => {}
            "executing" => {
                let before = pending.insert(call.to_owned(), Stage::Began);
                assert!(matches!(before, Some(Stage::Allowed { .. })), "{line}");
            }
            _ => {
                let stage = pending.remove(call).expect("it has not ended before");
                if is_settled_by_the_log {
                    assert!(just_opened, "settled in the middle of a life: {line}");
                    let cannot_have_run = stage == Stage::Allowed { writes: true };
                    assert_eq!(kind == "abandoned", cannot_have_run, "{line}");
                }
            }
        }
    }
    assert!(pending.is_empty(), "left open: {:?}", pending.keys());
}
