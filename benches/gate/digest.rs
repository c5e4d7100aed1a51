//! The fingerprint of a call, against the hash of the same bytes.

use criterion::Criterion;
use portcullis::json::Value as ArgValue;
use portcullis::{Args, Call, ToolName};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::rounds::{Contender, Rounds, repeated, report};
use crate::table::{Goal, Table};

const NAMES: [[&str; 2]; 2] = [
    ["3 parameters, sha256", "3 parameters"],
    ["4 KiB, sha256", "4 KiB"],
];

fn small() -> Call {
    call(&json!({"exchange": "NYSE", "symbol": "AAPL", "depth": 5}))
}

/// Some 4 KiB of JSON: rows of prices.
pub(crate) fn large_json() -> serde_json::Value {
    let row = |index: i32| json!({"time": 1_700_000_000 + index, "open": 101.25, "close": 99.5 - f64::from(index), "symbol": "AAPL"});
    json!({"rows": (0..58).map(row).collect::<Vec<_>>()})
}

fn call(json: &serde_json::Value) -> Call {
    Call::new(
        ToolName::parse("query_market_data").unwrap(),
        Args::try_from(json).unwrap(),
    )
}

/// A second writer of the documented encoding.
pub(crate) fn encoded(domain: Option<&str>, tool: &str, args: &Args) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(domain) = domain {
        text(&mut out, domain);
    }
    text(&mut out, tool);
    out.push(8);
    length(&mut out, args.len());
    for (name, member) in args.iter() {
        text(&mut out, name);
        value(&mut out, member);
    }
    out
}

fn value(out: &mut Vec<u8>, argument: &ArgValue) {
    match argument {
        ArgValue::Null => out.push(0),
        ArgValue::Bool(boolean) => out.push(1 + u8::from(*boolean)),
        ArgValue::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), ..) => out.extend([&[3][..], &value.to_be_bytes()].concat()),
            (_, Some(value), _) => out.extend([&[4][..], &value.to_be_bytes()].concat()),
            (.., Some(value)) => out.extend([&[5][..], &value.to_bits().to_be_bytes()].concat()),
            _ => panic!("a number that is none"),
        },
        ArgValue::String(string) => {
            out.push(6);
            text(out, string);
        }
        ArgValue::Array(elements) => {
            out.push(7);
            length(out, elements.len());
            elements.iter().for_each(|element| value(out, element));
        }
        ArgValue::Object(object) => {
            out.push(8);
            length(out, object.len());
            for (name, member) in object.iter() {
                text(out, name);
                value(out, member);
            }
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    length(out, text.len());
    out.extend(text.as_bytes());
}

fn length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

fn contenders() -> Vec<Contender<'static>> {
    let calls = [small(), call(&large_json())];
    let pair = |(call, [floor, ours]): (Call, [&'static str; 2])| {
        let bytes = encoded(
            Some("portcullis/call/v1"),
            call.tool().as_str(),
            call.args(),
        );
        assert_eq!(call.digest().as_bytes()[..], Sha256::digest(&bytes)[..]);
        [
            Contender::new(
                floor,
                repeated(move || Sha256::digest(std::hint::black_box(&bytes))),
            ),
            Contender::new(ours, repeated(move || std::hint::black_box(&call).digest())),
        ]
    };
    calls.into_iter().zip(NAMES).flat_map(pair).collect()
}

pub(crate) fn groups(criterion: &mut Criterion) {
    report(criterion, "digest", contenders());
}

pub(crate) fn compare(table: &mut Table, rounds: usize) {
    let rounds = Rounds::run(contenders(), rounds);
    for [floor, ours] in NAMES {
        let what = format!("digest of a call, {ours} / SHA-256 of the same bytes");
        table.ratio(&what, rounds.against(ours, &[floor]), Goal::AtMost(2.0));
    }
}
