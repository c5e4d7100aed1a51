//! `audit prove`

use std::fs;

use portcullis::audit::{Checkpoint, LeafHash, LogError, Origin, Tree, read};

use super::log;
use crate::cli::run::{Folder, run};

#[test]
fn an_entry_is_proved() {
    let folder = Folder::new();
    let (log, _) = log(&folder);
    let ran = run(["audit", "prove", &log, "3"], b"");
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.out.starts_with("index 3\n") && ran.out.contains("example.org/agents\n9\n"),
        "{ran:?}"
    );
    let ran = run(["audit", "prove", &log, "9"], b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("no checkpoint covers entry 9"), "{ran:?}");
}

/// A checkpoint over the first four entries of the log, as if it had been kept then.
fn earlier(folder: &Folder, log: &str) -> String {
    let mut tree = Tree::new();
    read(log, |entry| {
        if entry.index() < 4 {
            tree.append(LeafHash::of(entry.line().as_bytes()))?;
        }
        Ok::<_, LogError>(())
    })
    .unwrap();
    let origin = Origin::parse("example.org/agents").unwrap();
    folder.file("earlier", Checkpoint::new(origin, tree.head()).to_string())
}

#[test]
fn growth_is_proved() {
    let folder = Folder::new();
    let (log, kept) = log(&folder);
    let earlier = earlier(&folder, &log);
    let ran = run(["audit", "prove", &log, "--from", &earlier], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.starts_with("old 4\n"), "{ran:?}");
    assert!(
        ran.out.ends_with(&fs::read_to_string(&kept).unwrap()),
        "{ran:?}"
    );
    let to = run(
        ["audit", "prove", &log, "--from", &earlier, "--to", &kept],
        b"",
    );
    assert_eq!(to.out, ran.out);

    let ran = run(
        ["audit", "prove", &log, "--from", &kept, "--to", &earlier],
        b"",
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
}

#[test]
fn a_checkpoint_of_another_log_is_a_finding() {
    let folder = Folder::new();
    let (log, kept) = log(&folder);
    let earlier = earlier(&folder, &log);
    let text = fs::read_to_string(&kept).unwrap();
    let forged = fs::read_to_string(&earlier)
        .unwrap()
        .replace("\n4\n", "\n9\n");
    let forged = folder.file("forged", forged);
    let foreign = folder.file("foreign", text.replace("agents", "other"));
    let longer = folder.file("longer", text.replace("\n9\n", "\n10\n"));
    for args in [
        ["--from", &forged, "--to", &kept],
        ["--from", &earlier, "--to", &forged],
        ["--from", &earlier, "--to", &foreign],
        ["--from", &earlier, "--to", &longer],
    ] {
        let ran = run(["audit", "prove", &log].iter().chain(&args), b"");
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(2), ""),
            "{args:?} {ran:?}"
        );
        assert!(ran.err.starts_with("NOT PROVED: "), "{ran:?}");
    }
}

#[test]
fn what_is_to_be_proved_must_be_said_once() {
    let folder = Folder::new();
    let (log, kept) = log(&folder);
    for args in [
        vec!["audit", "prove", &log],
        vec!["audit", "prove", &log, "--to", &kept],
        vec!["audit", "prove", &log, "3", "--from", &kept],
        vec!["audit", "prove", &log, "--from", &log],
    ] {
        let ran = run(&args, b"");
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(1), ""),
            "{args:?} {ran:?}"
        );
    }
}
