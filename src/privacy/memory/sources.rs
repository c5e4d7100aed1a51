//! Where the noise of a memory's releases comes from.

use parking_lot::Mutex;

use crate::privacy::{AddedNoise, Bounded, Gaussian, Laplace, MechanismError, Noise, Released};

/// Sources that were used lately, with what noise they have drawn ahead.
pub(super) struct Sources {
    gaussian: Pool<Gaussian>,
    laplace: Pool<Laplace>,
}

/// One source for each mechanism that was used lately.
pub(super) struct Pool<M>(Mutex<Vec<Source<M>>>);

/// A source of noise that nobody else has meanwhile.
pub(super) struct Source<M> {
    noise: Noise<M>,
    /// Of the last release.
    dimension: usize,
}

/// How many sources of a kind are kept.
const MOST_SOURCES: usize = 4;

impl Sources {
    pub(super) const fn new() -> Self {
        Self {
            gaussian: Pool(Mutex::new(Vec::new())),
            laplace: Pool(Mutex::new(Vec::new())),
        }
    }

    #[cfg(test)]
    pub(super) const fn laplace_pool(&self) -> &Pool<Laplace> {
        &self.laplace
    }

    #[cfg(test)]
    pub(super) const fn gaussian_pool(&self) -> &Pool<Gaussian> {
        &self.gaussian
    }

    pub(super) fn draw_ahead(&self) -> Result<(), MechanismError> {
        self.gaussian.draw_ahead()?;
        self.laplace.draw_ahead()
    }
}

/// A mechanism that adds noise, with the pool of its kind.
pub(super) trait Pooled: AddedNoise + Copy + PartialEq {
    fn pool(sources: &Sources) -> &Pool<Self>;
}

impl Pooled for Gaussian {
    fn pool(sources: &Sources) -> &Pool<Self> {
        &sources.gaussian
    }
}

impl Pooled for Laplace {
    fn pool(sources: &Sources) -> &Pool<Self> {
        &sources.laplace
    }
}

impl<M: Pooled> Pool<M> {
    /// Takes out a source for a mechanism, or makes one. It draws nothing.
    pub(super) fn take(&self, mechanism: M) -> Result<Source<M>, MechanismError> {
        let mut kept = self.0.lock();
        let mut places = kept.iter().map(|source| source.noise.mechanism());
        match places.position(|known| *known == mechanism) {
            Some(place) => Ok(kept.remove(place)),
            None => Ok(Source {
                noise: Noise::new(mechanism)?,
                dimension: 0,
            }),
        }
    }

    /// Keeps a source for the next time, in the place of the one that was used longest ago.
    pub(super) fn put_back(&self, source: Source<M>) {
        let mut kept = self.0.lock();
        if kept.len() >= MOST_SOURCES {
            kept.remove(0);
        }
        kept.push(source);
    }

    fn draw_ahead(&self) -> Result<(), MechanismError> {
        let mut kept = self.0.lock();
        let mut sources = kept.iter_mut();
        sources.try_for_each(|source| source.noise.draw_ahead(source.dimension))
    }

    #[cfg(test)]
    pub(super) fn mechanisms(&self) -> Vec<M> {
        let kept = self.0.lock();
        kept.iter().map(|it| *it.noise.mechanism()).collect()
    }

    #[cfg(test)]
    pub(super) fn ready(&self) -> usize {
        self.0.lock().iter().map(|it| it.noise.ready()).sum()
    }
}

impl<M: Pooled> Source<M> {
    /// Adds noise. Only for what is charged.
    pub(super) fn release(
        &mut self,
        bounded: &Bounded<M::Sensitivity>,
    ) -> Result<Released, MechanismError> {
        self.dimension = bounded.dimension();
        self.noise.release(bounded)
    }
}
