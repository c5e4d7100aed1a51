//! Against a list of all accepted amounts.

use std::collections::HashMap;

use super::*;

const SPANS: [u64; 3] = [7, 40, 25];
/// The third counter is the keyed one.
const KEYED: usize = 2;

struct Subject {
    counters: Vec<Arc<Counter>>,
    /// By counter and, where it has several, key.
    logs: HashMap<(usize, u64), Vec<(u64, u128)>>,
    /// What each cell has seen, by its id.
    latest: HashMap<u64, u64>,
    held: Vec<(Reservation, Vec<Entered>)>,
}

/// Where, when and how much.
type Entered = ((usize, u64), u64, u128);

#[derive(Clone, Debug)]
struct Want {
    counter: usize,
    key: u64,
    limit: u128,
    amount: u128,
}

#[derive(Clone, Debug)]
enum Op {
    Reserve { step: i64, wants: Vec<Want> },
    Cancel(prop::sample::Index),
}

fn want() -> impl Strategy<Value = Want> {
    (0..3_usize, 0..3_u64, 1..9_u128, 0..5_u128).prop_map(|(counter, key, limit, amount)| Want {
        counter,
        key: if counter == KEYED { key } else { 0 },
        limit,
        amount,
    })
}

fn op() -> impl Strategy<Value = Op> {
    let step = prop_oneof![4 => 0..6_i64, 1 => -60..0_i64, 1 => 6..60_i64];
    prop_oneof![
        4 => (step, vec(want(), 0..6)).prop_map(|(step, wants)| Op::Reserve { step, wants }),
        1 => any::<prop::sample::Index>().prop_map(Op::Cancel),
    ]
}

impl Subject {
    fn new() -> Self {
        let counters = SPANS.iter().enumerate().map(|(i, span)| {
            let counter = if i == KEYED {
                Counter::keyed(nanos(*span), 100)
            } else {
                Counter::single(nanos(*span))
            };
            Arc::new(counter)
        });
        Self {
            counters: counters.collect(),
            logs: HashMap::new(),
            latest: HashMap::new(),
            held: Vec::new(),
        }
    }

    fn demands<'a>(&'a self, wants: &[Want]) -> Vec<Demand<'a>> {
        let demand = |want: &Want| {
            Demand::sum(
                &self.counters[want.counter],
                units(want.limit),
                units(want.amount),
            )
            .on(key(1, want.key))
        };
        wants.iter().map(demand).collect()
    }

    fn time(&self, want: &Want) -> u64 {
        self.latest[&self.counters[want.counter].cell(key(1, want.key).hash).id()]
    }

    /// The wait that the log demands of one want: none, some, or forever.
    fn wait(&self, now: u64, wants: &[Want], want: &Want) -> Option<u64> {
        let same = wants
            .iter()
            .filter(|other| (other.counter, other.key) == (want.counter, want.key));
        let total: u128 = same.map(|other| other.amount).sum();
        if total > want.limit {
            return None;
        }
        let log = self
            .logs
            .get(&(want.counter, want.key))
            .map_or(&[][..], Vec::as_slice);
        let seen = self.time(want);
        let span = SPANS[want.counter];
        let fits = |at: u64| {
            log.iter()
                .filter(|(t, _)| t + span > at)
                .map(|(_, amount)| amount)
                .sum::<u128>()
                + total
                <= want.limit
        };
        let at = (seen..).find(|at| fits(*at)).unwrap();
        Some(if at == seen { 0 } else { at - now })
    }

    fn reserve(&mut self, now: u64, wants: &[Want]) -> Result<(), TestCaseError> {
        for want in wants {
            let id = self.counters[want.counter].cell(key(1, want.key).hash).id();
            let latest = self.latest.entry(id).or_default();
            *latest = now.max(*latest);
        }
        let waits: Vec<_> = wants
            .iter()
            .map(|want| self.wait(now, wants, want))
            .collect();
        let worst = waits
            .iter()
            .copied()
            .max_by_key(|wait| wait.unwrap_or(u64::MAX))
            .unwrap_or(Some(0));
        match reserve(now, &self.demands(wants)) {
            Ok(held) => {
                prop_assert_eq!(worst, Some(0));
                let mut entered = Vec::new();
                for want in wants.iter().filter(|want| want.amount > 0) {
                    let at = self.time(want);
                    self.logs
                        .entry((want.counter, want.key))
                        .or_default()
                        .push((at, want.amount));
                    entered.push(((want.counter, want.key), at, want.amount));
                }
                self.held.push((held, entered));
            }
            Err(refused) => {
                prop_assert_ne!(worst, Some(0));
                prop_assert_eq!(refused.retry_after, worst.map(nanos));
                let first = waits.iter().position(|wait| *wait == worst).unwrap();
                prop_assert_eq!(refused.demand, first);
            }
        }
        Ok(())
    }

    fn cancel(&mut self, index: prop::sample::Index) {
        if self.held.is_empty() {
            return;
        }
        let (held, entered) = self.held.swap_remove(index.index(self.held.len()));
        held.cancel();
        for (place, at, amount) in entered {
            let log = self.logs.get_mut(&place).unwrap();
            let found = log.iter().position(|entry| *entry == (at, amount)).unwrap();
            log.remove(found);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    /// Admits exactly what the list admits, names the wait exactly, and a refusal changes nothing.
    #[test]
    fn reserving_agrees_with_a_list(ops in vec(op(), 1..80)) {
        let mut subject = Subject::new();
        let mut now = 1000_u64;
        for op in ops {
            match op {
                Op::Reserve { step, wants } => {
                    now = now.saturating_add_signed(step);
                    subject.reserve(now, &wants)?;
                }
                Op::Cancel(index) => subject.cancel(index),
            }
        }
    }

    /// Refused until exactly `retry_after` has passed, admitted then.
    #[test]
    fn waiting_as_told_is_enough_and_needed(ops in vec((0..6_u64, vec(want(), 1..5)), 1..60)) {
        let subject = Subject::new();
        let mut now = 0;
        for (step, wants) in ops {
            now += step;
            let demands = subject.demands(&wants);
            let Err(refused) = reserve(now, &demands) else { continue };
            let Some(wait) = refused.retry_after else { continue };
            let wait = u64::try_from(wait.as_nanos()).unwrap();
            if wait > 1 {
                prop_assert_eq!(reserve(now + wait - 1, &demands).unwrap_err().retry_after, Some(nanos(1)));
            }
            now += wait;
            prop_assert!(reserve(now, &demands).is_ok());
        }
    }

    /// Merged entries expire late by less than a quantum, never early, and cancelling still finds them.
    #[test]
    fn merging_errs_on_the_strict_side_by_less_than_a_quantum(
        span in 1..200_u64,
        exact in 2..12_usize,
        limit in 1..60_u128,
        ops in vec((0..9_u64, 1..4_u128, prop::option::weighted(0.2, any::<prop::sample::Index>())), 1..200),
    ) {
        let counter = Counter::new(nanos(span), Shape::Single, exact);
        let quantum = span.div_ceil(exact as u64 / 2);
        let mut log: Vec<(u64, u128)> = Vec::new();
        let mut held = Vec::new();
        let mut most = 0;
        let mut now = 0;
        for (step, amount, cancel) in ops {
            now += step;
            let used = |span: u64| log.iter().filter(|(at, _)| at + span > now).map(|(_, amount)| amount).sum::<u128>();
            most = most.max(log.iter().filter(|(at, _)| at + span > now).count());
            let late = if most > exact { quantum - 1 } else { 0 };
            match reserve(now, &[Demand::sum(&counter, units(limit), units(amount))]) {
                Ok(reservation) => {
                    prop_assert!(used(span) + amount <= limit);
                    log.push((now, amount));
                    held.push((reservation, now, amount));
                }
                Err(refused) => {
                    prop_assert!(used(span + late) + amount > limit);
                    prop_assert!(refused.used >= units(used(span)) && refused.used <= units(used(span + late)));
                }
            }
            if let Some(index) = cancel.filter(|_| !held.is_empty()) {
                let (reservation, at, amount) = held.swap_remove(index.index(held.len()));
                reservation.cancel();
                let found = log.iter().position(|entry| *entry == (at, amount)).unwrap();
                log.remove(found);
            }
        }
        prop_assert!(counter.bytes() <= (exact + exact / 4 + 1) * 24);
    }
}
