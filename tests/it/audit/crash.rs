//! `kill -9` in the middle of work, again and again.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis::Refusal;
use portcullis::audit::{LogError, VerifyOptions, read};

use super::{Folder, options, session};
use crate::child::work_and_kill;

const CHILD: &str = "PORTCULLIS_TEST_CRASHING_LOG";

/// What the child process does: tools that tell when they run, until it is killed.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let log = Arc::new(options().checkpoint_every(50).open(directory).unwrap());
    let session = session(&log);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for n in 0.. {
                    let permit = session
                        .call("pay", &format!(r#"{{"n": {n}}}"#))
                        .unwrap_or_else(|refusal| panic!("{refusal:?}"));
                    let call = permit.call();
                    let ran: Result<(), Refusal> = permit.run(|_| {
                        // The effect: whoever reads this knows that the tool ran.
                        writeln!(std::io::stdout(), "ran {call}").unwrap();
                        Ok(())
                    });
                    ran.unwrap();
                    let looked: Result<(), Refusal> = session.run("look", "{}", |_| Ok(()));
                    looked.unwrap();
                }
            });
        }
    });
}

#[test]
fn a_killed_process_loses_no_call_that_ran() {
    let folder = Folder::new();
    let mut calls_seen = 0;
    let mut unknown_seen = 0;
    for round in 0..12 {
        let ran = work_and_kill(
            "audit::crash::child",
            (CHILD, &folder.log()),
            "ran ",
            Duration::from_millis(70 + 13 * round),
        );
        let ran: BTreeSet<String> = ran.into_iter().collect();
        calls_seen += ran.len();
        let began = last_life(&folder.log(), &["executing"]);
        let lost: Vec<_> = ran.difference(&began).collect();
        assert!(
            lost.is_empty(),
            "round {round}: these ran and are not on record: {lost:?}"
        );
        // What is there before it is opened again is whole but for the last frame.
        VerifyOptions::new().verify(folder.log()).unwrap();
        let ended = last_life(&folder.log(), &["completed", "abandoned"]);
        let decided = last_life(&folder.log(), &["decided"]);
        let open: BTreeSet<String> = decided.difference(&ended).cloned().collect();
        drop(options().open(folder.log()).unwrap());
        let settled = last_life(&folder.log(), &["unknown", "abandoned"]);
        assert_eq!(open, settled, "round {round}");
        let unknown = last_life(&folder.log(), &["unknown"]);
        assert!(
            began.difference(&ended).all(|call| unknown.contains(call)),
            "round {round}"
        );
        unknown_seen += unknown.len();
        VerifyOptions::new().verify(folder.log()).unwrap();
    }
    assert!(calls_seen > 100, "{calls_seen} calls ran");
    assert!(unknown_seen > 0, "no call was interrupted");
}

/// The calls of these entries since the log was opened last.
fn last_life(directory: &Path, kinds: &[&str]) -> BTreeSet<String> {
    let mut calls = BTreeSet::new();
    read(directory, |entry| {
        if entry.kind() == "log_opened" {
            calls.clear();
        }
        if kinds.contains(&entry.kind()) {
            calls.extend(entry.call().map(str::to_owned));
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
    calls
}
