//! Reading arguments, against `serde_json`, which keeps less: the last of two equal keys, rounded numbers.

use criterion::Criterion;
use portcullis::Args;

use crate::digest::large_json;
use crate::rounds::{Contender, Rounds, repeated, report};
use crate::table::{Goal, Table};

const NAMES: [[&str; 2]; 2] = [
    ["3 parameters, serde_json", "3 parameters"],
    ["4 KiB, serde_json", "4 KiB"],
];

fn contenders() -> Vec<Contender<'static>> {
    let texts = [
        r#"{"exchange": "NYSE", "symbol": "AAPL", "depth": 5}"#.to_owned(),
        large_json().to_string(),
    ];
    let pair = |(text, [floor, ours]): (String, [&'static str; 2])| {
        let same = text.clone();
        [
            Contender::new(
                floor,
                repeated(move || serde_json::from_str::<serde_json::Value>(&same).unwrap()),
            ),
            Contender::new(ours, repeated(move || Args::parse(&text).unwrap())),
        ]
    };
    texts.into_iter().zip(NAMES).flat_map(pair).collect()
}

pub(crate) fn groups(criterion: &mut Criterion) {
    report(criterion, "json", contenders());
}

pub(crate) fn compare(table: &mut Table, rounds: usize) {
    let rounds = Rounds::run(contenders(), rounds);
    for [floor, ours] in NAMES {
        table.ratio(
            &format!("read arguments, {ours} / serde_json"),
            rounds.against(ours, &[floor]),
            Goal::None,
        );
    }
}
