//! The whole guarded call: policy, limit, fingerprint, two records, and the tool, which does nothing.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use criterion::Criterion;
use portcullis::__private::TypedArguments;
use portcullis::{Args, Refusal, Session};
use sha2::{Digest as _, Sha256};

use crate::digest::encoded;
use crate::fixture::{self, Plain, RECORDS, Request, cycle};
use crate::rounds::{Batch, Contender, Rounds, prepared, repeated, report};
use crate::table::{Goal, Table};

const PERMISSIONS: usize = 100;
const FLOOR: [&str; 5] = ["look-up", "clock", "atomic", "sha256", "log"];
const OURS: [&str; 4] = [
    "decision alone, typed",
    "typed",
    "run, parsed",
    "call and run, parsed",
];

/// The floor's parts, each as little as can be done by hand.
pub(crate) struct Floor<'a> {
    plain: Plain,
    requests: &'a [Request],
    bytes: Vec<Vec<u8>>,
}

/// What a thread of the floor keeps for itself, away from what others write.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Kept {
    count: AtomicU64,
    log: Mutex<VecDeque<Entry>>,
}

#[allow(dead_code, reason = "written to be kept")]
struct Entry {
    at: Instant,
    tool: String,
    allowed: bool,
    digest: [u8; 32],
}

impl<'a> Floor<'a> {
    pub(crate) fn new(requests: &'a [Request]) -> Self {
        // The key of a log takes one block before the message.
        let bytes =
            |request: &Request| [vec![7; 64], encoded(None, &request.tool, &request.args)].concat();
        Self {
            plain: fixture::plain(PERMISSIONS),
            requests,
            bytes: requests.iter().map(bytes).collect(),
        }
    }

    fn look_up(&self, request: &Request) -> bool {
        fixture::plain_decide(&self.plain, &request.tool, &request.json)
    }

    fn contenders(&'a self, kept: &'a Kept) -> [Contender<'a>; 5] {
        let [mut looked_up, mut logged] = [0, 0].map(|first| cycle(self.requests, first));
        let mut hashed = cycle(&self.bytes, 0);
        let now = Instant::now();
        let batches: [Batch<'_>; 5] = [
            repeated(move || self.look_up(looked_up())),
            repeated(Instant::now),
            repeated(|| kept.count.fetch_add(1, Ordering::Relaxed)),
            repeated(move || sha256(hashed())),
            repeated(move || kept.push(now, &logged().tool, [7; 32])),
        ];
        let mut batches = batches.into_iter();
        FLOOR.map(|name| Contender::new(name, batches.next().unwrap()))
    }

    /// All of it, one after the other.
    pub(crate) fn whole(&'a self, kept: &'a Kept, first: usize) -> Batch<'a> {
        let mut at = first;
        repeated(move || {
            at = (at + 1) % self.requests.len();
            let request = black_box(&self.requests[at]);
            assert!(self.look_up(request));
            kept.count.fetch_add(1, Ordering::Relaxed);
            kept.push(Instant::now(), &request.tool, sha256(&self.bytes[at]));
        })
    }
}

impl Kept {
    fn push(&self, at: Instant, tool: &str, digest: [u8; 32]) {
        let mut log = self.log.lock().unwrap();
        if log.len() >= RECORDS {
            log.pop_front();
        }
        log.push_back(Entry {
            at,
            tool: tool.to_owned(),
            allowed: true,
            digest,
        });
    }
}

/// As the floor and the guard both need: the block of the key is hashed once and for all.
fn sha256(bytes: &[u8]) -> [u8; 32] {
    static KEYED: std::sync::OnceLock<Sha256> = std::sync::OnceLock::new();
    let keyed = KEYED.get_or_init(|| Sha256::new_with_prefix([7; 64]));
    keyed.clone().chain_update(&bytes[64..]).finalize().into()
}

/// What is done before the tool runs. The rest of a call records its end: another reading of the clock and another record.
fn decision(session: &Session, request: &Request) {
    let call = TypedArguments {
        fields: &request.typed(),
        secret: &[],
    };
    std::mem::forget(session.authorize(&request.tool, &call).unwrap());
}

/// As `#[guard]` expands to.
pub(crate) fn typed(session: &Session, request: &Request) {
    let call = TypedArguments {
        fields: &request.typed(),
        secret: &[],
    };
    let clearance = session.authorize(&request.tool, &call).unwrap();
    let done: Result<(), Refusal> = clearance.run(|| Ok(()), |done, reading| reading.read(done));
    done.unwrap();
}

fn ours<'a>(session: &'a Session, requests: &'a [Request]) -> [Contender<'a>; 4] {
    let nexts = || cycle(requests, 0);
    let (mut decide, mut next, mut run, mut call) = (nexts(), nexts(), nexts(), nexts());
    let given = |mut next: Box<dyn FnMut() -> &'a Request + Send + 'a>| {
        move || {
            let request = next();
            (request.tool.as_str(), request.args.clone())
        }
    };
    [
        Contender::new(OURS[0], repeated(move || decision(session, decide()))),
        Contender::new(OURS[1], repeated(move || typed(session, next()))),
        Contender::new(
            OURS[2],
            prepared(given(Box::new(move || run())), |(tool, args)| {
                session.run(tool, args, Ok::<Args, Refusal>).unwrap()
            }),
        ),
        Contender::new(
            OURS[3],
            prepared(given(Box::new(move || call())), |(tool, args)| {
                session.call(tool, args).unwrap().run(Ok::<Args, Refusal>)
            }),
        ),
    ]
}

pub(crate) fn groups(criterion: &mut Criterion) {
    let requests = fixture::allowed(PERMISSIONS);
    let (floor, kept) = (Floor::new(&requests), Kept::default());
    report(
        criterion,
        "whole call, floor",
        floor.contenders(&kept).into(),
    );
    let session = fixture::guard(PERMISSIONS)
        .vouched_session(fixture::agent())
        .unwrap();
    report(criterion, "whole call", ours(&session, &requests).into());
}

pub(crate) fn compare(table: &mut Table, rounds: usize) {
    let requests = fixture::allowed(PERMISSIONS);
    let (floor, kept) = (Floor::new(&requests), Kept::default());
    let session = fixture::guard(PERMISSIONS)
        .vouched_session(fixture::agent())
        .unwrap();
    let contenders = floor
        .contenders(&kept)
        .into_iter()
        .chain(ours(&session, &requests));
    let rounds = Rounds::run(contenders.collect(), rounds);
    for name in OURS {
        let what = format!("allowed call, P = {PERMISSIONS}, {name} / sum of the parts by hand");
        table.ratio(&what, rounds.against(name, &FLOOR), Goal::AtMost(2.0));
    }
    for part in FLOOR {
        table.ratio(
            &format!("… of which {part}"),
            rounds.against(part, &FLOOR),
            Goal::None,
        );
    }
    table.count(
        "allowed call, typed: allocations in 10000",
        allocations(&session, &requests),
        Goal::AtMost(0.0),
    );
}

/// Once all memory that is reused is there.
fn allocations(session: &Session, requests: &[Request]) -> f64 {
    let mut next = cycle(requests, 0);
    (0..100_000).for_each(|_| typed(session, next()));
    let counted = allocation_counter::measure(|| (0..10_000).for_each(|_| typed(session, next())));
    counted.count_total as f64
}
