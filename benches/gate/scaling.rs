//! Two threads that call different tools: nothing should make one wait for the other.

use portcullis::Session;

use crate::fixture::{self, Request, cycle};
use crate::rounds::{Batch, Team, median, on_two_threads, repeated};
use crate::table::{Goal, Table};
use crate::whole_call::{Floor, Kept, typed};

/// Each thread calls the tools of its own half.
fn batch<'a>(session: &'a Session, requests: &'a [Request], thread: usize) -> Batch<'a> {
    let half = requests.len() / 2;
    let mut next = cycle(&requests[thread * half..(thread + 1) * half], 0);
    repeated(move || typed(session, next()))
}

pub(crate) fn compare(table: &mut Table, rounds: usize) {
    let mut requests = fixture::allowed(100);
    requests.sort_by(|a, b| a.tool.cmp(&b.tool));
    let floor = Floor::new(&requests);
    let kept = [Kept::default(), Kept::default()];
    let guard = fixture::guard(100);
    let sessions = [(); 2].map(|()| guard.vouched_session(fixture::agent()).unwrap());
    let half = requests.len() / 2;
    let mut teams = [
        Team::new("floor", |thread| floor.whole(&kept[thread], thread * half)),
        Team::new("own sessions of one guard", |thread| {
            batch(&sessions[thread], &requests, thread)
        }),
        Team::new("one session", |thread| {
            batch(&sessions[0], &requests, thread)
        }),
    ];
    let rounds = on_two_threads(&mut teams, rounds / 2);
    // How much of twice the throughput two threads reach.
    let reached = |[one, two]: [f64; 2]| one / two;
    for at in 1..teams.len() {
        let of =
            |figure: &dyn Fn(&[[f64; 2]]) -> f64| median(rounds.iter().map(|round| figure(round)));
        let relative = of(&|round| reached(round[at]) / reached(round[0]));
        let name = teams[at].name();
        let figures = [
            of(&|round| round[at][1]),
            of(&|round| round[0][1]),
            relative,
        ];
        table.ratio(
            &format!("2 threads, {name}: scaling / that of the floor"),
            figures,
            Goal::AtLeast(0.9),
        );
        let alone = [
            of(&|round| round[at][1]),
            of(&|round| round[at][0]),
            of(&|round| 1.0 / reached(round[at])),
        ];
        table.ratio(
            "… time of a call on each of 2 threads / on 1",
            alone,
            Goal::None,
        );
    }
    let alone = [
        of_floor(&rounds, 1),
        of_floor(&rounds, 0),
        median(rounds.iter().map(|round| 1.0 / reached(round[0]))),
    ];
    table.ratio("… the floor's", alone, Goal::None);
}

fn of_floor(rounds: &[Vec<[f64; 2]>], threads: usize) -> f64 {
    median(rounds.iter().map(|round| round[0][threads]))
}
