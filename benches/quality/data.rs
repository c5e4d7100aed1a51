//! Data that others labelled.

use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;

/// The text of a compressed file below the folder of test data; `None`, and a loud word, where no folder is given.
pub(crate) fn text(file: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("PORTCULLIS_TEST_DATA") else {
        println!("\n**SKIPPED: `{file}`, since PORTCULLIS_TEST_DATA is not set**");
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .unwrap();
    Some(text)
}
