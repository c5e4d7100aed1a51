//! Child processes that work until they are killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Runs the test of this name in a process of its own, which finds the directory in the environment, and kills it so long
/// after the first thing that it tells. What it tells are lines behind this word.
pub(crate) fn work_and_kill(
    test: &str,
    (variable, directory): (&str, &Path),
    word: &'static str,
    after: Duration,
) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(variable, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (began, first) = mpsc::channel();
    let reading = std::thread::spawn(move || -> Vec<String> {
        out.lines()
            .map_while(Result::ok)
            .filter_map(|line| Some(line.split_once(word)?.1.trim().to_owned()))
            .inspect(|_| began.send(()).unwrap())
            .collect()
    });
    // One that tells nothing has ended.
    if first.recv().is_ok() {
        std::thread::sleep(after);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reading.join().unwrap()
}
