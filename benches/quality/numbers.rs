//! Random numbers that are the same in every run.

/// Steele and others, *Fast splittable pseudorandom number generators* (2014).
#[derive(Clone)]
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(1) << 20))
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((mix(self.0) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((self.uniform() * end as f64) as usize).min(end - 1)
    }

    pub(crate) fn is(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    pub(crate) fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.uniform()
    }

    pub(crate) fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    pub(crate) fn lognormal(&mut self, median: f64, deviation: f64) -> f64 {
        let (radius, angle) = ((2.0 * self.exponential()).sqrt(), self.uniform());
        median * (deviation * radius * (angle * std::f64::consts::TAU).cos()).exp()
    }

    /// Poisson about a gamma of shape 2.
    pub(crate) fn negative_binomial(&mut self, mean: f64) -> usize {
        let rate = mean / 2.0 * (self.exponential() + self.exponential());
        let (mut events, mut time) = (0, self.exponential());
        while time < rate {
            events += 1;
            time += self.exponential();
        }
        events
    }

    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            things.swap(end, self.below(end + 1));
        }
    }
}

pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
