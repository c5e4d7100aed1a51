//! The labelled edge stream of the DARPA evaluation of 1998, first half: which share of the edges of attacks score above all but
//! one in a thousand, or a hundred, of the others.

use std::collections::HashMap;
use std::time::Duration;

use portcullis::anomaly::RateBaseline;

use crate::data;
use crate::midas::MidasF;

struct Edge {
    minute: u64,
    /// Minutes with edges, counted from 1.
    tick: u32,
    source: u64,
    target: u64,
    /// 0 for what is no attack.
    label: usize,
}

struct Stream {
    labels: Vec<String>,
    edges: Vec<Edge>,
}

/// True positive rates at one false positive rate.
struct Rates {
    overall: f64,
    by_label: Vec<f64>,
}

/// Kinds of attack with fewer edges say little by themselves.
const MIN_EDGES: usize = 50;
const MIDAS_SEEDS: u64 = 8;

impl Stream {
    fn read(text: &str) -> Self {
        let mut stream = Self {
            labels: vec!["-".to_owned()],
            edges: Vec::new(),
        };
        let (mut last, mut tick) = (None, 0);
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let number = |place: usize| fields[place].parse::<u64>().unwrap();
            let (minute, label) = (number(0), stream.label(fields[3]));
            if last != Some(minute) {
                (last, tick) = (Some(minute), tick + 1);
            }
            for _ in 0..number(4) {
                stream.edges.push(Edge {
                    minute,
                    tick,
                    source: number(1),
                    target: number(2),
                    label,
                });
            }
        }
        stream
    }

    fn label(&mut self, name: &str) -> usize {
        self.labels
            .iter()
            .position(|label| label == name)
            .unwrap_or_else(|| {
                self.labels.push(name.to_owned());
                self.labels.len() - 1
            })
    }

    fn scores(&self, score: impl FnMut(&Edge) -> f32) -> Vec<f32> {
        self.edges.iter().map(score).collect()
    }

    fn count(&self, label: usize) -> usize {
        self.edges.iter().filter(|edge| edge.label == label).count()
    }

    /// An edge counts as found if it scores above the threshold that so many others reach or pass.
    fn rates(&self, scores: &[f32], false_positives: f64) -> Rates {
        let scored = || scores.iter().zip(&self.edges);
        let others = scored()
            .filter(|(_, edge)| edge.label == 0)
            .map(|(score, _)| *score);
        let mut others: Vec<f32> = others.collect();
        others.sort_by(|a, b| b.total_cmp(a));
        let threshold = others[(others.len() as f64 * false_positives) as usize];
        let mut found = vec![[0.0, 0.0]; self.labels.len()];
        for (score, edge) in scored() {
            found[edge.label][0] += f64::from(u8::from(*score > threshold));
            found[edge.label][1] += 1.0;
        }
        let sum = |place: usize| found[1..].iter().map(|found| found[place]).sum::<f64>();
        Rates {
            overall: sum(0) / sum(1),
            by_label: found.iter().map(|[found, all]| found / all).collect(),
        }
    }
}

impl Edge {
    /// Of the edge, its source and its target.
    fn keys(&self) -> [u64; 3] {
        [
            self.source << 32 | self.target,
            1 << 62 | self.source,
            2 << 62 | self.target,
        ]
    }
}

/// The largest surprise of so many of the three keys.
fn baselines(stream: &Stream, of: usize) -> Vec<f32> {
    let mut rates: HashMap<u64, RateBaseline> = HashMap::new();
    stream.scores(|edge| {
        let at = Duration::from_secs(edge.minute * 60);
        let surprises = edge.keys().into_iter().take(of).map(|key| {
            rates
                .entry(key)
                .or_insert_with(|| RateBaseline::new(0.1))
                .observe(at)
        });
        surprises.fold(0.0, f64::max) as f32
    })
}

/// The largest of three counts, halved each minute.
fn counter(stream: &Stream) -> Vec<f32> {
    let mut counts: HashMap<u64, (f32, u64)> = HashMap::new();
    stream.scores(|edge| {
        let count = |key| {
            let (count, minute) = counts.entry(key).or_insert((0.0, edge.minute));
            *count = *count * (-((edge.minute - *minute) as f32)).exp2() + 1.0;
            *minute = edge.minute;
            *count
        };
        edge.keys().into_iter().map(count).fold(0.0, f32::max)
    })
}

fn midas(stream: &Stream, seed: u64) -> Vec<f32> {
    let mut midas = MidasF::new(seed);
    stream.scores(|edge| midas.observe(edge.tick, edge.keys()))
}

pub(crate) fn report() {
    let Some(text) = data::text("darpa/first_half.csv.gz") else {
        return;
    };
    let stream = Stream::read(&text);
    println!(
        "\n## DARPA 1998, first half: {} edges\n",
        stream.edges.len()
    );
    println!(
        "| score | at 0.1 % | macro | macro, ≥ {MIN_EDGES} edges | at 1 % | macro | macro, ≥ {MIN_EDGES} edges |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    let ours = stream.lines(
        "`RateBaseline` of edge, source and target, the largest",
        &baselines(&stream, 3),
    );
    stream.lines("`RateBaseline` of the edge alone", &baselines(&stream, 1));
    let raw = stream.lines(
        "decaying counter of edge, source and target, the largest",
        &counter(&stream),
    );
    let midas: Vec<_> = (0..MIDAS_SEEDS)
        .map(|seed| stream.lines(&format!("MIDAS-F, seed {seed}"), &midas(&stream, seed)))
        .collect();
    println!("\nBy kind of attack, at 0.1 % and 1 %; MIDAS-F is the median of its seeds:\n");
    println!(
        "| attack | edges | baseline | counter | MIDAS-F | baseline, 1 % | counter, 1 % | MIDAS-F, 1 % |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for (label, name) in stream.labels.iter().enumerate().skip(1) {
        let edges = stream.count(label);
        let cells = |at: usize| {
            let median = median(
                midas
                    .iter()
                    .map(|rates| rates[at].by_label[label])
                    .collect(),
            );
            format!(
                "{:.3} | {:.3} | {median:.3}",
                ours[at].by_label[label], raw[at].by_label[label]
            )
        };
        if edges >= MIN_EDGES {
            println!("| {name} | {edges} | {} | {} |", cells(0), cells(1));
        }
    }
    let overall = |at: usize| median(midas.iter().map(|rates| rates[at].overall).collect());
    println!(
        "\nMIDAS-F, median of {MIDAS_SEEDS} seeds: {:.4} at 0.1 %, {:.4} at 1 %.",
        overall(0),
        overall(1)
    );
}

impl Stream {
    fn lines(&self, name: &str, scores: &[f32]) -> [Rates; 2] {
        let rates = [0.001, 0.01].map(|share| self.rates(scores, share));
        let cells: Vec<String> = rates
            .iter()
            .map(|rates| {
                let mean = |least: usize| {
                    let labels = (1..self.labels.len()).filter(|label| self.count(*label) >= least);
                    let rates: Vec<f64> = labels.map(|label| rates.by_label[label]).collect();
                    rates.iter().sum::<f64>() / rates.len() as f64
                };
                format!(
                    "{:.4} | {:.3} | {:.3}",
                    rates.overall,
                    mean(1),
                    mean(MIN_EDGES)
                )
            })
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
        rates
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}
