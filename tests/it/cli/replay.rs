//! `replay`: traces, limits and clocks, and input that is anything but.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::POLICY;
use super::run::{Folder, Ran, finish, program, run};

const READ: &str = r#"{"tool": "read", "args": {"path": "/workspace"}}"#;
const BAD: &str = r#"{"tool": "read", "args": {"path": "/etc"}}"#;
const PAY: &str = r#"{"tool": "pay", "args": {"amount": 1}}"#;

fn trace(id: &str, calls: &[&str]) -> String {
    format!("{{\"id\": \"{id}\", \"calls\": [{}]}}\n", calls.join(", "))
}

fn replay(input: impl AsRef<[u8]>) -> Ran {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    run(["replay", "--json", "--policy", &policy], input.as_ref())
}

fn codes(trace: &Value) -> Vec<&str> {
    let calls = trace["calls"].as_array().unwrap();
    calls
        .iter()
        .map(|call| call["code"].as_str().unwrap())
        .collect()
}

#[test]
fn each_trace_and_a_summary() {
    let ran = replay(trace("t1", &[READ]) + &trace("t2", &[BAD, READ, PAY]));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let lines = ran.json();
    assert_eq!(
        lines,
        [
            json!({"id": "t1", "allowed": true, "calls": [{"tool": "read", "decision": "allow", "code": "allowed"}]}),
            json!({"id": "t2", "allowed": false, "calls": [
                {"tool": "read", "decision": "deny", "code": "constraint"},
                {"tool": "read", "decision": "allow", "code": "allowed"},
                {"tool": "pay", "decision": "ask", "code": "approval_required"}]}),
            json!({"summary": {"traces": 2, "allowed": 1, "calls": 4, "allow": 2, "ask": 1, "deny": 1,
                "codes": {"allowed": 2, "approval_required": 1, "constraint": 1}}}),
        ]
    );
}

#[test]
fn for_people_what_was_not_allowed_and_a_summary() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let unnamed = format!("{{\"calls\": [{PAY}]}}\n");
    let traces = folder.file("traces.jsonl", trace("t1", &[READ, BAD]) + &unnamed);
    let ran = run(["replay", "--policy", &policy, &traces], b"");
    assert_eq!(ran.code, Some(0));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(
        lines[0].starts_with("deny t1 call 2 `read`: constraint: `path` must be"),
        "{ran:?}"
    );
    let place = format!("ask {traces}:2 call 1 `pay`: approval_required");
    assert!(lines[1].starts_with(&place), "{ran:?}");
    assert_eq!(
        lines[2..],
        [
            "0 of 2 traces allowed",
            "3 calls: 1 allow, 1 ask, 1 deny",
            "        1 approval_required",
            "        1 constraint"
        ]
    );
}

#[test]
fn limits_are_empty_in_each_trace_and_a_call_takes_a_second() {
    let three = trace("t", &[READ, READ, READ]);
    let ran = replay(three.repeat(3));
    for trace in &ran.json()[..3] {
        assert_eq!(codes(trace), ["allowed", "allowed", "limit"]);
    }
    // Refused calls take their second too: the sixty-first call comes when the first no longer counts.
    let long = trace("t", &[READ; 62]);
    let ran = replay(long);
    let lines = ran.json();
    let allowed: Vec<usize> = codes(&lines[0])
        .iter()
        .enumerate()
        .filter(|(_, code)| **code == "allowed")
        .map(|(index, _)| index)
        .collect();
    assert_eq!(allowed, [0, 1, 60, 61]);
}

#[test]
fn the_wall_clock_does_not_wait() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let args = ["replay", "--json", "--clock", "wall", "--policy", &policy];
    let ran = run(args, (trace("t", &[READ; 70])).repeat(2).as_bytes());
    let lines = ran.json();
    for trace in &lines[..2] {
        assert_eq!(codes(trace)[..3], ["allowed", "allowed", "limit"]);
    }
}

#[test]
fn what_may_be_left_out_and_what_is_ignored() {
    let ran = replay(
        "\n  \r\n{\"calls\": [], \"prompt\": \"\\u0000\", \"n\": 1e999}\r\n\
         {\"id\": 7, \"calls\": [{\"tool\": \"pay\", \"args\": {\"amount\": 1}, \"result\": null, \"result_len\": 3}]}",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines = ran.json();
    assert_eq!(lines[0], json!({"id": null, "allowed": true, "calls": []}));
    assert_eq!(lines[1]["id"], 7);
    assert_eq!(lines[2]["summary"]["traces"], 2);
}

#[test]
fn nothing_in_nothing_out() {
    for input in ["", "\n\n"] {
        let ran = replay(input);
        assert_eq!(ran.code, Some(0));
        assert_eq!(ran.one()["summary"]["traces"], 0);
    }
}

/// Everything before the bad line is told, nothing after it, and no summary that could be taken for the whole.
#[test]
fn bad_input_is_an_error_that_names_the_place() {
    let good = trace("good", &[READ]);
    for (bad, reason) in [
        (
            "{".as_bytes(),
            "standard input:2:1: EOF while parsing an object",
        ),
        (
            b"{\"calls\": [{\"tool\": \"read\"}]}",
            "missing field `args`",
        ),
        (b"{\"calls\": [{\"args\": {}}]}", "missing field `tool`"),
        (b"{\"id\": 1}", "missing field `calls`"),
        (
            b"{\"id\": [], \"calls\": []}",
            "standard input:2: `id` must be",
        ),
        (
            b"{\"id\": 1, \"id\": 2, \"calls\": []}",
            "duplicate field `id`",
        ),
        (b"{\"calls\": []} {}", "trailing characters"),
        (b"{\"calls\": [\xff]}", "standard input:2:12: not UTF-8"),
        (b"[]", "expected an object"),
        (
            b"[7, [{\"tool\": \"read\", \"args\": {}}]]",
            "expected an object",
        ),
        (b"{\"calls\": [[\"read\", {}]]}", "expected an object"),
    ] {
        let input = [good.as_bytes(), bad, b"\n", good.as_bytes()].concat();
        let ran = replay(input);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(
            ran.err.starts_with("error: ") && ran.err.contains(reason),
            "{reason}: {ran:?}"
        );
        assert_eq!(ran.one()["id"], "good", "{ran:?}");
    }
}

#[test]
fn files_one_after_the_other() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let one = folder.file("one.jsonl", trace("one", &[READ]));
    let two = folder.file("two.jsonl", trace("two", &[READ]).trim_end());
    let ran = run(
        ["replay", "--json", "--policy", &policy, &one, "-", &two],
        trace("in", &[BAD]).as_bytes(),
    );
    let ids: Vec<Value> = ran.json().iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [json!("one"), json!("in"), json!("two"), json!(null)]);

    let absent = folder.path().join("absent").to_str().unwrap().to_owned();
    let directory = folder.path().to_str().unwrap().to_owned();
    for (path, reason) in [(&absent, "No such file"), (&directory, "is a directory")] {
        let ran = run(["replay", "--json", "--policy", &policy, &one, path], b"");
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains(reason), "{ran:?}");
        assert_eq!(ran.one()["id"], "one");
    }
}

#[cfg(unix)]
#[test]
fn a_line_of_a_hundred_megabytes_is_refused_in_little_memory() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "ulimit -v 100000; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_portcullis"),
        ])
        .args(["replay", "--json", "--policy", &policy])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let line = vec![b'x'; 100 << 20];
    let ran = finish(command.spawn().unwrap(), &line);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(
        ran.err,
        "error: standard input:1: the line is longer than 16 MiB\n"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_flat() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let mut child = program()
        .args(["replay", "--json", "--policy", &policy])
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    // Every trace has another id, account and tool name: nothing of them may stay.
    let mut feed = |from: usize, to: usize| {
        for start in (from..to).step_by(1000) {
            let lines: String = (start..start + 1000)
                .map(|n| {
                    trace(
                        &n.to_string(),
                        &[READ, &format!("{{\"tool\": \"t{n}\", \"args\": {{}}}}")],
                    )
                })
                .collect();
            stdin.write_all(lines.as_bytes()).unwrap();
            for _ in 0..1000 {
                let mut line = String::new();
                out.read_line(&mut line).unwrap();
            }
        }
    };
    let peak = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    feed(0, 5000);
    let before = peak();
    feed(5000, 60_000);
    let after = peak();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(after < before + 1024, "{before} kB, then {after} kB");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let traces = folder.file("t.jsonl", trace("t", &[READ, BAD]).repeat(20_000));
    for form in [vec!["replay", "--json"], vec!["replay"]] {
        let mut child = program()
            .args(form)
            .args(["--policy", &policy, &traces])
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let mut err = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
    }
    // A denial stays one, whether or not anybody reads it.
    let mut child = program()
        .args(["check", "--policy", &policy, "--call", BAD])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = program();
    command
        .args(["check", "--policy", &policy, "--call", READ])
        .stdout(full);
    let ran = finish(command.spawn().unwrap(), b"");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err
            .starts_with("error: cannot write to standard output: "),
        "{ran:?}"
    );
}

/// Not by an interrupt, which a test run in the background inherits as ignored.
///
/// Whoever waits for answers gets them line by line, and what a signal cuts off is never half a line.
#[cfg(unix)]
#[test]
fn an_interrupted_replay_has_told_all_it_was_given() {
    let folder = Folder::new();
    let policy = folder.file("p.toml", POLICY);
    let mut child = program()
        .args(["replay", "--json", "--policy", &policy])
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for id in ["a", "b", "c"] {
        stdin.write_all(trace(id, &[READ]).as_bytes()).unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["id"], id);
    }
    stdin.write_all(b"{\"id\": \"half").unwrap();
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let status = child.wait().unwrap();
    assert_ne!(status.code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_last_line_that_was_cut_off_is_an_error() {
    let ran = replay(trace("a", &[READ]) + "{\"id\": \"b\", \"calls\": [{\"tool\": \"re");
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.one()["id"], "a");
}

#[test]
fn the_benign_traces() {
    let Some(data) = std::env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("skipped: PORTCULLIS_TEST_DATA is not set");
        return;
    };
    let path = std::path::Path::new(&data).join("agentdojo/benign.jsonl.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    for (suite, traces, allowed) in [
        ("banking", 70, 62),
        ("slack", 111, 104),
        ("travel", 70, 68),
        ("workspace", 164, 160),
    ] {
        let key = format!("\"suite\": \"{suite}\"");
        let lines: String = text
            .lines()
            .filter(|line| line.contains(&key))
            .map(|line| format!("{line}\n"))
            .collect();
        let policy = super::example(&format!("policies/{suite}.toml"));
        let policy = policy.to_str().unwrap();
        let ran = run(["replay", "--json", "--policy", policy], lines.as_bytes());
        assert_eq!(ran.code, Some(0), "{suite}");
        let summary = &ran.json().pop().unwrap()["summary"];
        assert_eq!(summary["traces"], traces, "{suite}");
        assert!(
            summary["allowed"].as_u64().unwrap() >= allowed,
            "{suite}: {summary}"
        );
    }
}
