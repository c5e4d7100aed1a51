//! Any bytes as the segment of an audit log: an error or an answer, and a log that opens goes on and verifies.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use portcullis::audit::{AuditLog, LogError, Origin, VerifyOptions, prove, read};

fuzz_target!(|data: &[u8]| {
    let folder = std::env::temp_dir().join(format!("portcullis-fuzz-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("journal-{:020}.log", 0)), data).unwrap();
    fs::write(folder.join("digest-key"), [7; 32]).unwrap();
    let verified = VerifyOptions::new().verify(&folder);
    let mut entries = 0;
    let shown = read(&folder, |entry| {
        drop(entry.to_string());
        entries += 1;
        Ok::<_, LogError>(())
    });
    if let (Ok(verified), Ok(())) = (&verified, &shown) {
        assert_eq!(verified.head.size, entries);
    }
    let _ = prove(&folder, 0);
    let origin = Origin::parse("example.org/agents").unwrap();
    if let Ok(log) = AuditLog::options(origin).open(&folder) {
        let head = log.close().unwrap();
        drop(log);
        VerifyOptions::new().kept(head).verify(&folder).unwrap();
    }
    let _ = fs::remove_dir_all(&folder);
});
