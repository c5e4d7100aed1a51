//! Attacks among made-up work: how many are told, how soon, and how much is told without any.
//!
//! Two agents live four weeks under one watcher. What is told in the last two is false. Before each attack, in the last week,
//! the watcher is forked, and what it then tells within ten minutes is compared with what it told in the same ten minutes
//! without the attack: the attack counts as told if there is a kind of alert that was not told without it.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use portcullis::anomaly::MonitorPolicy;

use crate::attacks::{ATTACKS, Attack, IN_TIME};
use crate::contenders::{Counter, WindowedZ};
use crate::traffic::{Happening, Life, MINUTE, MONDAY, WEEK};
use crate::watchers::{Told, Watched, Watcher, declared};

/// The thresholds at which the monitor tells about one false alert per agent and week on seeds below 1000.
const ONE_A_WEEK: &str = r#",
    "learned": {"significance": 5e-5, "novelty": 0.003},
    "rules": {"probing": {"at_least": 7}, "repeated_denials": {"more_than": 15}, "rate_anomaly": {"ratio": 5}}"#;

/// The same for the rules alone.
const RULES_ONE_A_WEEK: &str = r#",
    "learned": {"enabled": false},
    "rules": {"probing": {"at_least": 7}, "repeated_denials": {"more_than": 15}, "rate_anomaly": {"ratio": 4}}"#;

/// Two agents, and what they do.
struct World {
    seed: u64,
    lives: [Life; 2],
    work: Vec<Happening>,
}

/// What a watcher made of some worlds.
#[derive(Default)]
struct Outcome {
    agent_weeks: f64,
    false_alerts: BTreeMap<&'static str, usize>,
    attacks: BTreeMap<Attack, Attacked>,
}

#[derive(Default)]
struct Attacked {
    of: usize,
    /// Milliseconds from the beginning of each that was told.
    told: Vec<u64>,
    by: BTreeMap<&'static str, usize>,
}

impl World {
    fn new(seed: u64) -> Self {
        let lives = [0, 1].map(|agent| Life::new(seed, agent));
        let mut work: Vec<_> = lives.iter().flat_map(|life| life.clone().live()).collect();
        work.sort_by_key(|happening| happening.at);
        Self { seed, lives, work }
    }

    fn watch<W: Watcher>(&self, mut watcher: W, with_attacks: bool, outcome: &mut Outcome) {
        let starts = ATTACKS
            .iter()
            .filter_map(|attack| Some((attack.start(&self.lives[0], self.seed)?, *attack)));
        let mut starts: Vec<_> = starts.filter(|_| with_attacks).collect();
        starts.sort_unstable();
        let (mut from, mut forks) = (0, Vec::new());
        for (start, attack) in starts {
            let to = self.place(start);
            self.work[from..to]
                .iter()
                .for_each(|happening| watcher.see(happening));
            from = to;
            let mut fork = watcher.fork();
            self.attack(attack, start)
                .iter()
                .for_each(|happening| fork.see(happening));
            forks.push((start, attack, fork.told()));
        }
        self.work[from..]
            .iter()
            .for_each(|happening| watcher.see(happening));
        let quiet: Vec<Told> = watcher.told();
        outcome.agent_weeks += 4.0;
        for told in quiet.iter().filter(|told| told.at >= MONDAY + 2 * WEEK) {
            *outcome.false_alerts.entry(told.kind).or_default() += 1;
        }
        for (start, attack, told) in forks {
            outcome
                .attacks
                .entry(attack)
                .or_default()
                .add(start, &told, &quiet);
        }
    }

    fn place(&self, time: u64) -> usize {
        self.work.partition_point(|happening| happening.at < time)
    }

    /// The attack among the work of its time, and a little more for who looks at a minute once it is over.
    fn attack(&self, attack: Attack, start: u64) -> Vec<Happening> {
        let mut all = attack.happenings(&self.lives[0], start);
        all.extend(&self.work[self.place(start)..self.place(start + IN_TIME + MINUTE)]);
        all.sort_by_key(|happening| happening.at);
        all
    }
}

impl Attacked {
    fn add(&mut self, start: u64, told: &[Told], quiet: &[Told]) {
        let window = start..start + IN_TIME;
        let known: HashSet<_> = quiet
            .iter()
            .filter(|told| window.contains(&told.at))
            .map(|told| told.kind)
            .collect();
        let new = told
            .iter()
            .filter(|told| window.contains(&told.at) && !known.contains(told.kind));
        let kinds: HashSet<_> = new.clone().map(|told| told.kind).collect();
        kinds
            .into_iter()
            .for_each(|kind| *self.by.entry(kind).or_default() += 1);
        self.of += 1;
        self.told.extend(new.map(|told| told.at - start).min());
    }
}

impl Outcome {
    fn of(worlds: &[World], watch: impl Fn(&World, &mut Self) + Sync) -> Self {
        let half = worlds.len().div_ceil(2);
        let (mut first, second) = std::thread::scope(|scope| {
            let watch = |worlds: &[World]| {
                let mut outcome = Self::default();
                worlds.iter().for_each(|world| watch(world, &mut outcome));
                outcome
            };
            let other = scope.spawn(move || watch(&worlds[half..]));
            (watch(&worlds[..half]), other.join().unwrap())
        });
        first.add(second);
        first
    }

    fn add(&mut self, other: Self) {
        self.agent_weeks += other.agent_weeks;
        for (kind, count) in other.false_alerts {
            *self.false_alerts.entry(kind).or_default() += count;
        }
        for (attack, other) in other.attacks {
            let attacked = self.attacks.entry(attack).or_default();
            attacked.of += other.of;
            attacked.told.extend(other.told);
            for (kind, count) in other.by {
                *attacked.by.entry(kind).or_default() += count;
            }
        }
    }

    fn false_alerts(&self) -> f64 {
        self.false_alerts.values().sum::<usize>() as f64 / self.agent_weeks
    }

    fn recall(&self) -> f64 {
        let of: usize = self.attacks.values().map(|attacked| attacked.of).sum();
        let told: usize = self
            .attacks
            .values()
            .map(|attacked| attacked.told.len())
            .sum();
        told as f64 / of.max(1) as f64
    }
}

/// The lowest threshold at which at most one alert is told per agent and week.
fn one_a_week<W: Watcher>(worlds: &[World], watcher: impl Fn(f64) -> W + Sync, most: f64) -> f64 {
    let (mut low, mut high) = (0.0, most);
    for _ in 0..12 {
        let middle = (low + high) / 2.0;
        let outcome = Outcome::of(worlds, |world, outcome| {
            world.watch(watcher(middle), false, outcome)
        });
        if outcome.false_alerts() <= 1.0 {
            high = middle
        } else {
            low = middle
        }
    }
    high
}

/// Prints how the monitor does on worlds of these seeds, and its contenders, whose thresholds are set on those of `tuning`.
pub(crate) fn report(seeds: Range<u64>, tuning: Option<Range<u64>>) {
    let worlds: Vec<World> = seeds.clone().map(World::new).collect();
    let ours = |rest: &'static str, is_declared: bool| {
        Outcome::of(&worlds, |world, outcome| {
            let declare = |at| {
                if is_declared {
                    declared(&world.lives, at, rest)
                } else {
                    MonitorPolicy::new()
                }
            };
            world.watch(Watched::new(&declare), true, outcome);
        })
    };
    let mut outcomes = vec![
        ("all, declared".to_owned(), ours("", true)),
        (
            "all, declared, set for one a week".to_owned(),
            ours(ONE_A_WEEK, true),
        ),
        ("all, with nothing declared".to_owned(), ours("", false)),
        (
            "rules alone, declared".to_owned(),
            ours(r#", "learned": {"enabled": false}"#, true),
        ),
        (
            "rules alone, declared, set for one a week".to_owned(),
            ours(RULES_ONE_A_WEEK, true),
        ),
    ];
    if let Some(tuning) = tuning {
        outcomes.extend(contenders(
            &worlds,
            &tuning.map(World::new).collect::<Vec<_>>(),
        ));
    }
    println!("\n## Attacks among made-up work\n\nSeeds {seeds:?}, two agents each.");
    print_summary(&outcomes);
    print_attacks(&outcomes);
    print_false_alerts(&outcomes[..5]);
}

fn contenders(worlds: &[World], tuning: &[World]) -> [(String, Outcome); 2] {
    let z = one_a_week(tuning, WindowedZ::new, 100.0);
    let count = one_a_week(tuning, Counter::new, 1000.0);
    let windowed = |world: &World, outcome: &mut _| world.watch(WindowedZ::new(z), true, outcome);
    let counter = |world: &World, outcome: &mut _| world.watch(Counter::new(count), true, outcome);
    [
        (
            format!("z-score over a window, ≥ {z:.2}"),
            Outcome::of(worlds, windowed),
        ),
        (
            format!("decaying counter, ≥ {count:.1}"),
            Outcome::of(worlds, counter),
        ),
    ]
}

fn print_summary(outcomes: &[(String, Outcome)]) {
    println!(
        "\n| watcher | false alerts per agent and week | recall | lowest recall of an attack | median minutes | 90 % within |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for (name, outcome) in outcomes {
        let least = outcome
            .attacks
            .values()
            .map(Attacked::recall)
            .fold(1.0, f64::min);
        let mut times: Vec<u64> = outcome
            .attacks
            .values()
            .flat_map(|attacked| attacked.told.clone())
            .collect();
        println!(
            "| {name} | {:.2} | {:.1} % | {:.0} % | {} |",
            outcome.false_alerts(),
            outcome.recall() * 100.0,
            least * 100.0,
            within(&mut times)
        );
    }
}

fn print_attacks(outcomes: &[(String, Outcome)]) {
    for (name, outcome) in outcomes {
        println!(
            "\n{name}:\n\n| attack | told | of | recall | median minutes | 90 % within | by |\n|---|--:|--:|--:|--:|--:|---|"
        );
        for (attack, attacked) in &outcome.attacks {
            let by: Vec<String> = attacked
                .by
                .iter()
                .map(|(kind, count)| format!("{kind} {count}"))
                .collect();
            println!(
                "| {} | {} | {} | {:.0} % | {} | {} |",
                attack.name(),
                attacked.told.len(),
                attacked.of,
                attacked.recall() * 100.0,
                within(&mut attacked.told.clone()),
                by.join(", ")
            );
        }
    }
}

fn print_false_alerts(outcomes: &[(String, Outcome)]) {
    let kinds: HashSet<_> = outcomes
        .iter()
        .flat_map(|(_, outcome)| outcome.false_alerts.keys())
        .collect();
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_unstable();
    let names: Vec<&str> = outcomes.iter().map(|(name, _)| name.as_str()).collect();
    println!(
        "\nFalse alerts per agent and week:\n\n| kind | {} |\n|---{}|",
        names.join(" | "),
        "|--:".repeat(names.len())
    );
    for kind in kinds {
        let shares: Vec<String> = outcomes
            .iter()
            .map(|(_, outcome)| {
                let count = outcome.false_alerts.get(kind).copied().unwrap_or(0);
                format!("{:.3}", count as f64 / outcome.agent_weeks)
            })
            .collect();
        println!("| {kind} | {} |", shares.join(" | "));
    }
}

impl Attacked {
    fn recall(&self) -> f64 {
        self.told.len() as f64 / self.of.max(1) as f64
    }
}

/// The median, and what nine in ten are within, of milliseconds in minutes.
fn within(times: &mut [u64]) -> String {
    times.sort_unstable();
    let at = |share: f64| {
        let place = ((times.len() as f64 * share).ceil() as usize).saturating_sub(1);
        times.get(place).map_or("–".to_owned(), |time| {
            format!("{:.1}", *time as f64 / MINUTE as f64)
        })
    };
    format!("{} | {}", at(0.5), at(0.9))
}
