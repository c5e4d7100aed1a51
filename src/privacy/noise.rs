//! Noise, drawn and added.

use std::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use super::generator::Generator;
use super::sampler::{self, Exhausted, Rounded, choose};
use super::{
    BoundError, Bounded, Exponential, Gaussian, L1, L2, Laplace, Lattice, MechanismError, Range,
    Released, Sensitivity,
};

/// The most coordinates that noise is drawn ahead for: 32 MiB of it.
pub const MAX_READY: usize = 1 << 22;

/// A mechanism with a source of randomness of its own: what releases.
///
/// The source is seeded by the operating system, and there is no way to give another seed. Nothing here knows of budgets: what a
/// release costs ([`Gaussian::cost`]) must be charged before it is made.
///
/// How long it takes to draw noise depends on the noise, so whoever can time a release may learn some of it. Noise that was
/// [drawn ahead](Self::draw_ahead) is only added.
///
/// A process that was forked must not release what its parent may release too, and is refused: it has another number. Two
/// things cannot be seen that way. A virtual machine that is restored from a snapshot gives the same noise a second time. And a
/// process that is number 1 of a container, and forks into a new namespace of processes, has a child of the same number. In
/// both, make it anew.
///
/// ```
/// use portcullis::privacy::{Count, Epsilon, Laplace, Noise};
///
/// let mut noise = Noise::new(Laplace::new(Count.l1(), Epsilon::new(0.5)?)?)?;
/// noise.draw_ahead(100)?;
/// let released = noise.release(&Count.l1_of(1234))?;
/// assert_eq!((released.steps().len(), noise.ready()), (1, 99));
/// # Ok::<(), portcullis::privacy::MechanismError>(())
/// ```
pub struct Noise<M> {
    mechanism: M,
    generator: Generator,
    /// Drawn and not used yet.
    ready: Zeroizing<Vec<i64>>,
}

/// A mechanism that adds integer noise to each coordinate: [`Gaussian`] or [`Laplace`].
pub trait AddedNoise: sealed::Sealed {
    /// How the sensitivity is measured that the noise is scaled to.
    type Sensitivity: Sensitivity;

    #[doc(hidden)]
    fn scaled_to(&self) -> (Self::Sensitivity, Lattice);

    #[doc(hidden)]
    fn draw(&self, count: usize, source: &mut Source<'_>) -> Result<(), MechanismError>;
}

/// Where a mechanism draws from and to.
#[doc(hidden)]
pub struct Source<'s> {
    generator: &'s mut Generator,
    ready: &'s mut Vec<i64>,
}

impl<M> Noise<M> {
    /// The noise of a mechanism.
    ///
    /// # Errors
    ///
    /// [`MechanismError::Entropy`] where the operating system gives no randomness.
    pub fn new(mechanism: M) -> Result<Self, MechanismError> {
        Ok(Self::from_generator(mechanism, Generator::from_system()?))
    }

    fn from_generator(mechanism: M, generator: Generator) -> Self {
        Self {
            mechanism,
            generator,
            ready: Zeroizing::default(),
        }
    }

    /// The mechanism.
    pub const fn mechanism(&self) -> &M {
        &self.mechanism
    }
}

impl<M: AddedNoise> Noise<M> {
    /// Draws noise until there is enough for `count` coordinates. What leaves nobody waiting is best done after a release.
    ///
    /// # Errors
    ///
    /// [`MechanismError::TooMuchAhead`] for more than [`MAX_READY`]; [`MechanismError::Forked`] in a forked process;
    /// [`MechanismError::Undecided`] where the source of randomness is broken.
    pub fn draw_ahead(&mut self, count: usize) -> Result<(), MechanismError> {
        self.generator.check_process()?;
        if count > MAX_READY {
            return Err(MechanismError::TooMuchAhead { count });
        }
        let Some(missing) = count.checked_sub(self.ready.len()).filter(|it| *it > 0) else {
            return Ok(());
        };
        self.make_room(count);
        self.mechanism.draw(
            missing,
            &mut Source {
                generator: &mut self.generator,
                ready: &mut self.ready,
            },
        )?;
        // Whoever reads this memory later cannot compute what was used before.
        self.generator.forget_past();
        Ok(())
    }

    /// How many coordinates the noise that is ready is enough for.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Adds noise to each coordinate. What is ready is used first; none is used twice.
    ///
    /// # Errors
    ///
    /// [`MechanismError::OtherSensitivity`] where the noise is made for another sensitivity than this; and as for
    /// [`draw_ahead`](Self::draw_ahead).
    pub fn release(
        &mut self,
        bounded: &Bounded<M::Sensitivity>,
    ) -> Result<Released, MechanismError> {
        let (sensitivity, lattice) = self.mechanism.scaled_to();
        if *bounded.sensitivity() != sensitivity {
            return Err(MechanismError::OtherSensitivity);
        }
        self.draw_ahead(bounded.dimension())?;
        let kept = self.ready.len().saturating_sub(bounded.dimension());
        let noise = self.ready.get_mut(kept..).unwrap_or_default();
        let steps = bounded.steps().iter().zip(&*noise);
        // It does not wrap, since what is bounded leaves room for noise; if it did, that would tell no more.
        let steps = steps
            .map(|(steps, noise)| steps.wrapping_add(*noise))
            .collect();
        noise.zeroize();
        self.ready.truncate(kept);
        Ok(Released::new(steps, lattice))
    }

    /// Makes room for so many in all. Memory that is left behind is overwritten, which growing a vector would not do.
    fn make_room(&mut self, count: usize) {
        if self.ready.capacity() < count {
            let mut larger = Zeroizing::new(Vec::with_capacity(count));
            larger.extend_from_slice(&self.ready);
            self.ready = larger;
        }
    }
}

impl Noise<Exponential> {
    /// Chooses a candidate by its score: its place.
    ///
    /// How long that takes depends on how clear the choice is, and so on the records. Do not let those whom the records are
    /// protected from time it.
    ///
    /// # Errors
    ///
    /// [`MechanismError::OtherSensitivity`], [`MechanismError::Forked`] and [`MechanismError::Undecided`], as for a release.
    pub fn choose(&mut self, scores: &Bounded<Range>) -> Result<usize, MechanismError> {
        self.generator.check_process()?;
        if *scores.sensitivity() != self.mechanism.sensitivity() {
            return Err(MechanismError::OtherSensitivity);
        }
        let chosen = choose(
            scores.steps(),
            self.mechanism.in_steps(),
            &mut self.generator,
        )?;
        self.generator.forget_past();
        chosen.ok_or(MechanismError::Bound(BoundError::Dimension {
            dimension: 0,
        }))
    }
}

impl Source<'_> {
    fn fill(
        &mut self,
        count: usize,
        draw: impl Fn(&mut Generator) -> Result<i64, Exhausted>,
    ) -> Result<(), MechanismError> {
        for _ in 0..count {
            self.ready.push(draw(self.generator)?);
        }
        Ok(())
    }
}

impl AddedNoise for Gaussian {
    type Sensitivity = L2;

    fn scaled_to(&self) -> (L2, Lattice) {
        (self.sensitivity(), self.sensitivity().lattice())
    }

    fn draw(&self, count: usize, source: &mut Source<'_>) -> Result<(), MechanismError> {
        let sampler = Rounded::new(self.in_steps());
        source.fill(count, |coins| sampler.draw(coins))
    }
}

impl AddedNoise for Laplace {
    type Sensitivity = L1;

    fn scaled_to(&self) -> (L1, Lattice) {
        (self.sensitivity(), self.sensitivity().lattice())
    }

    fn draw(&self, count: usize, source: &mut Source<'_>) -> Result<(), MechanismError> {
        let sampler = sampler::Laplace::new(self.in_steps());
        source.fill(count, |coins| sampler.draw(coins))
    }
}

impl<M: fmt::Debug> fmt::Debug for Noise<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Noise")
            .field("mechanism", &self.mechanism)
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Gaussian {}
    impl Sealed for super::Laplace {}
}

#[cfg(test)]
pub(super) mod tests;
