//! MIDAS-F, from the paper: Bhatia, Liu, Hooi, Yoon, Shin and Faloutsos, *Real-time anomaly detection in edge streams*, ACM
//! Transactions on Knowledge Discovery from Data 16(4), 2022, section 5.
//!
//! Three count-min sketches each, for edges, sources and targets: the count of the present tick with what decay has left of those
//! before (`a`), the count so far (`s`), and the last score of each cell. When a tick ends, `a` is added to `s` in cells whose
//! score is below a threshold, and the mean of `s` in all others. The score of a key in tick `t` is
//! `(a + s - a t)^2 / (s (t - 1))`; that of an edge the largest of the three. Rows, columns, threshold and decay are those of
//! the paper.

use crate::numbers::mix;

pub(crate) struct MidasF {
    tick: u32,
    sketches: [Sketch; 3],
}

struct Sketch {
    seeds: [u64; ROWS],
    current: Vec<f32>,
    total: Vec<f32>,
    scores: Vec<f32>,
}

const ROWS: usize = 2;
const COLUMNS: usize = 1024;
const THRESHOLD: f32 = 1000.0;
const DECAY: f32 = 0.5;

impl MidasF {
    pub(crate) fn new(seed: u64) -> Self {
        let sketch = |which| Sketch::new(mix(seed * 3 + which + 1));
        Self {
            tick: 1,
            sketches: [sketch(0), sketch(1), sketch(2)],
        }
    }

    /// The score of an edge; ticks are counted from 1.
    pub(crate) fn observe(&mut self, tick: u32, keys: [u64; 3]) -> f32 {
        if tick > self.tick {
            self.sketches
                .iter_mut()
                .for_each(|sketch| sketch.end(self.tick));
            self.tick = tick;
        }
        let scores = self
            .sketches
            .iter_mut()
            .zip(keys)
            .map(|(sketch, key)| sketch.observe(tick, key));
        scores.fold(0.0, f32::max)
    }
}

impl Sketch {
    fn new(seed: u64) -> Self {
        let cells = || vec![0.0; ROWS * COLUMNS];
        Self {
            seeds: [mix(seed), mix(seed ^ 1)],
            current: cells(),
            total: cells(),
            scores: cells(),
        }
    }

    fn end(&mut self, tick: u32) {
        for cell in 0..ROWS * COLUMNS {
            self.total[cell] += if self.scores[cell] < THRESHOLD {
                self.current[cell]
            } else if tick > 1 {
                self.total[cell] / (tick - 1) as f32
            } else {
                0.0
            };
            self.current[cell] *= DECAY;
        }
    }

    fn observe(&mut self, tick: u32, key: u64) -> f32 {
        let cell =
            |row: usize| row * COLUMNS + (mix(key ^ self.seeds[row]) % COLUMNS as u64) as usize;
        let cells = [cell(0), cell(1)];
        cells.iter().for_each(|cell| self.current[*cell] += 1.0);
        let least = |counts: &[f32]| {
            cells
                .iter()
                .map(|cell| counts[*cell])
                .fold(f32::MAX, f32::min)
        };
        let (a, s, t) = (least(&self.current), least(&self.total), tick as f32);
        let score = if tick > 1 && s > 0.0 {
            (a + s - a * t).powi(2) / (s * (t - 1.0))
        } else {
            0.0
        };
        cells.iter().for_each(|cell| self.scores[*cell] = score);
        score
    }
}
