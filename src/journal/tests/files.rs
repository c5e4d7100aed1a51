//! The real file system.

use std::fs;
use std::path::PathBuf;

use super::{JournalError, OpenOptions, Reader, TEST};
use crate::journal::{Frame, Journal};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn open(&self) -> Result<(Journal, Vec<Vec<u8>>), JournalError> {
        let mut payloads = Vec::new();
        let visit = |frame: Frame<'_>| {
            payloads.push(frame.payload.to_vec());
            Ok::<_, JournalError>(())
        };
        let (journal, _) = OpenOptions::new(TEST)
            .segment_size(200)
            .open(&self.0, visit)?;
        Ok((journal, payloads))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_journal_has_one_writer_and_goes_on() {
    let folder = Folder::new("writers");
    let (journal, _) = folder.open().unwrap();
    journal.append_durable(1, b"one").unwrap();
    let error = folder.open().unwrap_err();
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("in use by another writer"));
    drop(journal);
    fs::write(folder.0.join("notes.txt"), "none of ours").unwrap();
    fs::write(folder.0.join("journal-7.log"), "nor this").unwrap();
    let (journal, payloads) = folder.open().unwrap();
    assert_eq!(payloads, [b"one"]);
    for _ in 0..20 {
        journal.append_durable(1, &[1; 60]).unwrap();
    }
    drop(journal);
    assert_eq!(folder.open().unwrap().1.len(), 21);
}

#[test]
fn what_is_no_directory_is_an_error() {
    let folder = Folder::new("no-directory");
    fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("file");
    fs::write(&file, "").unwrap();
    let visit = |_: Frame<'_>| Ok::<_, JournalError>(());
    for path in [file.clone(), file.join("below")] {
        let error = OpenOptions::new(TEST).open(&path, visit).unwrap_err();
        assert!(matches!(error, JournalError::Io { .. }), "{error}");
    }
    let absent = Reader::new(&folder.0.join("absent"), TEST).read(visit);
    assert!(matches!(absent, Err(JournalError::Io { .. })));
    // A directory in a segment's place.
    fs::create_dir(folder.0.join(format!("journal-{:020}.log", 0))).unwrap();
    assert!(folder.open().is_err());
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("private");
    drop(folder.open().unwrap());
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700);
    for entry in fs::read_dir(&folder.0).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}
