//! Every second series of the Numenta anomaly benchmark, with one threshold for all series that is fixed beforehand.
//!
//! The score is that of Lavin and Ahmad, *Evaluating real-time anomaly detection algorithms: the Numenta anomaly benchmark*
//! (2015), section III. Each contender is silent for three rows in a hundred after a detection.

use std::collections::VecDeque;

use portcullis::anomaly::ValueBaseline;
use serde::Deserialize;

use crate::data;

#[derive(Deserialize)]
struct Series {
    probation_rows: usize,
    /// First and last row.
    windows: Vec<(usize, usize)>,
    values: Vec<f64>,
}

/// A score for each value.
type Score = fn(&[f64]) -> Vec<f64>;

/// What a false and a missed detection cost.
struct Profile {
    false_alarm: f64,
    missed: f64,
}

const STANDARD: Profile = Profile {
    false_alarm: 0.11,
    missed: 1.0,
};
const LOW_FALSE: Profile = Profile {
    false_alarm: 0.22,
    missed: 1.0,
};

/// In deviations.
const FIXED: f64 = 7.0;

impl Series {
    /// The rows at which something is told.
    fn detections(&self, scores: &[f64], threshold: f64) -> Vec<usize> {
        let silence = (self.values.len() * 3 / 100).min(5000);
        let mut last: Option<usize> = None;
        (self.probation_rows..scores.len())
            .filter(|row| {
                let tells =
                    scores[*row] >= threshold && last.is_none_or(|last| row - last > silence);
                last = if tells { Some(*row) } else { last };
                tells
            })
            .collect()
    }

    fn score(&self, detections: &[usize], profile: &Profile) -> f64 {
        let mut score = 0.0;
        for (first, last) in &self.windows {
            let width = (last - first + 1) as f64;
            let inside = detections.iter().filter(|row| (first..=last).contains(row));
            let best = inside
                .map(|row| sigmoid(-((last - row + 1) as f64) / width) / sigmoid(-1.0))
                .reduce(f64::max);
            score += best.unwrap_or(-profile.missed);
        }
        let outside = detections.iter().filter(|row| {
            !self
                .windows
                .iter()
                .any(|(first, last)| (first..=last).contains(row))
        });
        for row in outside {
            let before = self.windows.iter().rfind(|(_, last)| last < row);
            let value = before.map_or(-1.0, |(first, last)| {
                sigmoid((row - last) as f64 / (last - first).max(1) as f64)
            });
            score += profile.false_alarm * value;
        }
        score
    }
}

fn sigmoid(y: f64) -> f64 {
    if y > 3.0 {
        -1.0
    } else {
        2.0 / (1.0 + (5.0 * y).exp()) - 1.0
    }
}

/// 0 for who tells nothing, 100 for who tells all at once and nothing else.
fn total(series: &[Series], scores: &[Vec<f64>], threshold: f64, profile: &Profile) -> f64 {
    let raw: f64 = series
        .iter()
        .zip(scores)
        .map(|(series, scores)| series.score(&series.detections(scores, threshold), profile))
        .sum();
    let windows: usize = series.iter().map(|series| series.windows.len()).sum();
    let nothing = -(windows as f64) * profile.missed;
    100.0 * (raw - nothing) / (windows as f64 - nothing)
}

/// In deviations, as for all contenders.
fn baseline(values: &[f64]) -> Vec<f64> {
    let mut baseline = ValueBaseline::new();
    let surprise = |value: &f64| baseline.observe(*value).unwrap_or(0.0);
    values
        .iter()
        .map(surprise)
        .map(|surprise| (2.0 * (surprise + std::f64::consts::LN_2)).sqrt())
        .collect()
}

/// Deviations from the mean of the 1,000 values before.
fn windowed(values: &[f64]) -> Vec<f64> {
    let mut past: VecDeque<f64> = VecDeque::new();
    values
        .iter()
        .map(|value| {
            let count = past.len() as f64;
            let mean = past.iter().sum::<f64>() / count;
            let squares = past.iter().map(|past| (past - mean).powi(2)).sum::<f64>();
            past.push_back(*value);
            if past.len() > 1000 {
                past.pop_front();
            }
            z(*value, mean, (squares / count).sqrt(), count)
        })
        .collect()
}

/// Deviations from a mean that fades with a half-life of 2,000 values.
fn fading(values: &[f64]) -> Vec<f64> {
    let (mut mean, mut variance, mut count) = (0.0, 0.0_f64, 0.0_f64);
    values
        .iter()
        .map(|value| {
            let z = z(*value, mean, variance.sqrt(), count);
            count += 1.0;
            let weight = (1.0 - 0.5_f64.powf(1.0 / 2000.0)).max(1.0 / count);
            let difference = value - mean;
            mean += weight * difference;
            variance = (1.0 - weight) * (variance + weight * difference * difference);
            z
        })
        .collect()
}

fn z(value: f64, mean: f64, deviation: f64, count: f64) -> f64 {
    if count < 30.0 || deviation == 0.0 {
        0.0
    } else {
        (value - mean).abs() / deviation
    }
}

pub(crate) fn report() {
    let Some(text) = data::text("nab/nab_even.jsonl.gz") else {
        return;
    };
    let series: Vec<Series> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    println!("\n## NAB, every second series\n");
    println!("Fixed: {FIXED} deviations. Best: the best of a grid for this very data.\n");
    println!(
        "| score | standard | low false positives | best standard | at deviations |\n|---|--:|--:|--:|--:|"
    );
    let contenders: [(&str, Score); 3] = [
        ("`ValueBaseline`", baseline),
        ("z over 1,000 values", windowed),
        ("z, fading over 2,000 values", fading),
    ];
    for (name, score) in contenders {
        let scores: Vec<_> = series.iter().map(|series| score(&series.values)).collect();
        let at = |threshold, profile| total(&series, &scores, threshold, profile);
        let grid = (4..80).map(|step| f64::from(step) * 0.5);
        let (best, threshold) = grid
            .map(|threshold| (at(threshold, &STANDARD), threshold))
            .fold((f64::MIN, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        println!(
            "| {name} | {:.1} | {:.1} | {best:.1} | {threshold} |",
            at(FIXED, &STANDARD),
            at(FIXED, &LOW_FALSE)
        );
    }
}
