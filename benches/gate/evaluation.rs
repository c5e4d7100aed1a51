//! May this tool be called with these arguments? Without limits and records.

use std::hint::black_box;
use std::time::Instant;

use criterion::Criterion;
use portcullis::__private::TypedArguments;
use portcullis::{AgentPolicy, Caller, PolicySet};

use crate::fixture::{self, Plain, Request, cycle};
use crate::rounds::{Contender, Rounds, repeated, report};
use crate::table::{Goal, Table};

const SIZES: [usize; 3] = [3, 100, 10_000];

/// All names at once, so that contenders can be found by them.
const NAMES: [[&str; 3]; 3] = [
    ["P=3, floor", "P=3, parsed", "P=3, typed"],
    ["P=100, floor", "P=100, parsed", "P=100, typed"],
    ["P=10000, floor", "P=10000, parsed", "P=10000, typed"],
];
const REFUSED: [[&str; 2]; 2] = [
    ["unknown tool, floor", "unknown tool"],
    ["bad value, floor", "bad value"],
];

struct Fixture {
    caller: Caller,
    sizes: Vec<Size>,
    refused: [Vec<Request>; 2],
}

struct Size {
    plain: Plain,
    set: PolicySet,
    allowed: Vec<Request>,
}

impl Fixture {
    fn new() -> Self {
        let size = |permissions| Size {
            plain: fixture::plain(permissions),
            set: PolicySet::new([
                AgentPolicy::from_json(&fixture::policy_text(permissions, 60)).unwrap(),
            ]),
            allowed: fixture::allowed(permissions),
        };
        let sizes: Vec<Size> = SIZES.into_iter().map(size).collect();
        let fixture = Self {
            caller: fixture::caller(),
            sizes,
            refused: [fixture::unknown_tools(), fixture::bad_values(SIZES[1])],
        };
        fixture.check();
        fixture
    }

    /// The answers are right, and an allowed call allocates nothing.
    fn check(&self) {
        for size in &self.sizes {
            for request in &size.allowed {
                assert!(fixture::plain_decide(
                    &size.plain,
                    &request.tool,
                    &request.json
                ));
                let counted = allocation_counter::measure(|| {
                    assert!(
                        size.set
                            .refusal(&self.caller, &request.tool, &request.args)
                            .is_none()
                    );
                    let call = TypedArguments {
                        fields: &request.typed(),
                        secret: &[],
                    };
                    assert!(
                        size.set
                            .typed_refusal(&self.caller, &request.tool, &call)
                            .is_none()
                    );
                });
                assert_eq!(counted.count_total, 0, "an allowed call allocates");
            }
        }
        let size = &self.sizes[1];
        for request in self.refused.iter().flatten() {
            assert!(!fixture::plain_decide(
                &size.plain,
                &request.tool,
                &request.json
            ));
            assert!(
                size.set
                    .refusal(&self.caller, &request.tool, &request.args)
                    .is_some()
            );
        }
    }

    fn contenders(&self) -> Vec<Contender<'_>> {
        let allowed = self
            .sizes
            .iter()
            .zip(NAMES)
            .flat_map(|(size, [floor, parsed, typed])| {
                [
                    self.floor(floor, size, &size.allowed),
                    self.parsed(parsed, size, &size.allowed),
                    self.typed(typed, size),
                ]
            });
        let size = &self.sizes[1];
        let refused = self.refused.iter().zip(REFUSED);
        let refused = refused.flat_map(|(requests, [floor, ours])| {
            [
                self.floor(floor, size, requests),
                self.parsed(ours, size, requests),
            ]
        });
        allowed.chain(refused).collect()
    }

    fn floor<'a>(
        &'a self,
        name: &'static str,
        size: &'a Size,
        requests: &'a [Request],
    ) -> Contender<'a> {
        let mut next = cycle(requests, 0);
        Contender::new(
            name,
            repeated(move || {
                let request = next();
                fixture::plain_decide(&size.plain, &request.tool, &request.json)
            }),
        )
    }

    fn parsed<'a>(
        &'a self,
        name: &'static str,
        size: &'a Size,
        requests: &'a [Request],
    ) -> Contender<'a> {
        let mut next = cycle(requests, 0);
        Contender::new(
            name,
            repeated(move || {
                let request = next();
                size.set.refusal(&self.caller, &request.tool, &request.args)
            }),
        )
    }

    fn typed<'a>(&'a self, name: &'static str, size: &'a Size) -> Contender<'a> {
        let batch = move |times| {
            let fields: Vec<_> = size
                .allowed
                .iter()
                .map(|request| (&*request.tool, request.typed()))
                .collect();
            let mut next = cycle(&fields, 0);
            let start = Instant::now();
            for _ in 0..times {
                let (tool, fields) = next();
                let call = TypedArguments {
                    fields,
                    secret: &[],
                };
                black_box(size.set.typed_refusal(&self.caller, tool, &call));
            }
            start.elapsed()
        };
        Contender::new(name, Box::new(batch))
    }
}

pub(crate) fn groups(criterion: &mut Criterion) {
    report(criterion, "evaluation", Fixture::new().contenders());
}

pub(crate) fn compare(table: &mut Table, rounds: usize) {
    let fixture = Fixture::new();
    let rounds = Rounds::run(fixture.contenders(), rounds);
    for (size, [floor, parsed, typed]) in SIZES.into_iter().zip(NAMES) {
        let mut row = |form, name| {
            let what = format!("evaluate, allowed, P = {size}, {form} arguments / look-up by hand");
            table.ratio(&what, rounds.against(name, &[floor]), Goal::AtMost(2.0));
        };
        row("parsed", parsed);
        row("typed", typed);
    }
    for (form, [small, large]) in [
        ("parsed", [NAMES[0][1], NAMES[2][1]]),
        ("typed", [NAMES[0][2], NAMES[2][2]]),
    ] {
        let what = format!("evaluate, P = 10000 / P = 3, {form} arguments");
        table.ratio(&what, rounds.against(large, &[small]), Goal::AtMost(1.5));
    }
    for [floor, ours] in REFUSED {
        // The floor of any call, since saying no without a reason costs next to nothing.
        let what = format!("refuse with the reason, {ours} / look-up by hand, allowed");
        table.ratio(
            &what,
            rounds.against(ours, &[NAMES[1][0]]),
            Goal::AtMost(8.0),
        );
        table.ratio(
            &format!("… / look-up by hand, {ours}"),
            rounds.against(ours, &[floor]),
            Goal::None,
        );
    }
    // Asserted when the fixture was made.
    table.count("evaluate, allowed: allocations", 0.0, Goal::AtMost(0.0));
}
