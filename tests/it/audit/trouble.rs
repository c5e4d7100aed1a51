//! Directories that cannot be written: refused calls, and a log that opens again.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use portcullis::audit::{LogError, VerifyOptions};
use portcullis::{Code, Guard};

use super::{Folder, kinds, options, session};
use crate::support::{AGENT, agent, agent_policy, call};

#[test]
fn a_second_writer_is_refused_and_changes_nothing() {
    let folder = Folder::new();
    let log = Arc::new(options().open(folder.log()).unwrap());
    let session = session(&log);
    assert_eq!(call(&session, "pay", r#"{"n": 1}"#), Code::Allowed);
    let before = kinds(&folder.log());
    let second = options().open(folder.log()).unwrap_err().to_string();
    assert!(second.ends_with("is in use by another writer"), "{second}");
    assert_eq!(kinds(&folder.log()), before);
    assert_eq!(call(&session, "pay", r#"{"n": 1}"#), Code::Allowed);
    log.close().unwrap();
    drop((session, log));
    options().open(folder.log()).unwrap();
}

#[test]
fn a_directory_that_cannot_be_one_is_an_error_that_names_it() {
    let folder = Folder::new();
    let file = folder.log().join("a file");
    fs::create_dir_all(folder.log()).unwrap();
    fs::write(&file, "in the way").unwrap();
    for directory in [&file, &file.join("below")] {
        let opened = options().open(directory).unwrap_err();
        assert!(opened.to_string().contains("a file"), "{opened}");
        assert!(VerifyOptions::new().verify(directory).is_err());
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");
}

/// Opening a pipe that nobody writes to would wait for ever.
#[cfg(unix)]
#[test]
fn pipes_in_the_place_of_files_are_errors() {
    for (name, is_verified) in [
        ("journal-00000000000000000000.log", true),
        ("payloads-00000000000000000000.dat", true),
        ("digest-key", false),
        ("lock", false),
    ] {
        let folder = Folder::new();
        let log = Arc::new(options().open(folder.log()).unwrap());
        let policy = agent_policy(r#"[{"tool_name": "pay", "audit_level": "full"}]"#);
        let guard = Guard::builder().policy(policy).recorder(Arc::clone(&log));
        let session = guard
            .build()
            .unwrap()
            .vouched_session(agent(AGENT))
            .unwrap();
        assert_eq!(call(&session, "pay", "{}"), Code::Allowed);
        log.close().unwrap();
        drop((session, log));
        let path = folder.log().join(name);
        fs::remove_file(&path).unwrap();
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let opened = options().open(folder.log()).unwrap_err().to_string();
        assert!(opened.contains("not a regular file"), "{name}: {opened}");
        let verified = VerifyOptions::new().verify(folder.log());
        assert_eq!(verified.is_err(), is_verified, "{name}: {verified:?}");
    }
}

/// To the superuser nothing is unreadable.
#[cfg(unix)]
#[test]
fn an_unreadable_log_is_an_error_and_opens_when_it_can_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    options().open(folder.log()).unwrap().close().unwrap();
    let set = |mode| fs::set_permissions(folder.log(), fs::Permissions::from_mode(mode)).unwrap();
    set(0);
    let is_superuser = fs::read_dir(folder.log()).is_ok();
    let opened = options().open(folder.log()).map(drop);
    let verified = VerifyOptions::new().verify(folder.log()).map(drop);
    set(0o700);
    for refused in [opened, verified] {
        let is_refused = matches!(refused, Err(LogError::Storage(_)));
        assert_ne!(is_refused, is_superuser, "{refused:?}");
    }
    options().open(folder.log()).unwrap();
    VerifyOptions::new().verify(folder.log()).unwrap();
}

/// A limit on the size of files stands for a disk that is full: the system refuses to write on.
#[cfg(unix)]
mod full {
    use std::collections::BTreeSet;
    use std::process::Output;

    use portcullis::Refusal;
    use portcullis::audit::read;

    use super::*;

    const CHILD: &str = "PORTCULLIS_TEST_FULL_DISK";

    /// What the child process does: calls until one is refused, and then some more.
    #[test]
    fn child() {
        let Some(directory) = std::env::var_os(CHILD) else {
            return;
        };
        let log = Arc::new(options().open(directory).unwrap());
        let session = session(&log);
        let attempt = || {
            let permit = session.call("pay", r#"{"n": 1}"#)?;
            let call = permit.call();
            permit.run(|_| {
                println!("ran {call}");
                Ok::<_, Refusal>(())
            })
        };
        let first = (0..100_000).find_map(|_| attempt().err());
        println!("first refusal: {:?}", first.unwrap().code());
        for _ in 0..5 {
            println!("then: {:?}", attempt().unwrap_err().code());
        }
        assert!(log.close().is_err());
    }

    fn fill(directory: &Path) -> Output {
        // A process that ignores the signal is told by an error; that is inherited.
        let limited = "trap '' XFSZ && ulimit -f 64 && exec \"$0\" \"$@\"";
        Command::new("sh")
            .args(["-c", limited])
            .arg(std::env::current_exe().unwrap())
            .args(["audit::trouble::full::child", "--exact", "--nocapture"])
            .env(CHILD, directory)
            .output()
            .unwrap()
    }

    #[test]
    fn a_full_disk_refuses_calls_and_loses_none() {
        let folder = Folder::new();
        let child = fill(&folder.log());
        let told = String::from_utf8(child.stdout).unwrap();
        assert!(child.status.success(), "{told}");
        assert!(told.contains("first refusal: Fault"), "{told}");
        assert_eq!(told.matches("then: Fault").count(), 5, "{told}");
        let ran: BTreeSet<&str> = told
            .lines()
            .filter_map(|line| Some(line.split_once("ran ")?.1))
            .collect();
        assert!(ran.len() > 10, "{told}");
        VerifyOptions::new().verify(folder.log()).unwrap();

        let log = Arc::new(options().open(folder.log()).unwrap());
        let mut began = BTreeSet::new();
        let mut open = BTreeSet::new();
        read(folder.log(), |entry| {
            let Some(call) = entry.call().map(str::to_owned) else {
                return Ok(());
            };
            match entry.kind() {
                "executing" => drop(began.insert(call)),
                "decided" => drop(open.insert(call)),
                _ => drop(open.remove(&call)),
            }
            Ok::<_, LogError>(())
        })
        .unwrap();
        assert!(ran.iter().all(|call| began.contains(*call)), "{told}");
        assert!(open.is_empty(), "{open:?}");
        assert_eq!(
            call(&session(&log), "pay", r#"{"n": 1}"#),
            Code::Allowed,
            "there is room again"
        );
        log.close().unwrap();
        VerifyOptions::new().verify(folder.log()).unwrap();
    }
}
