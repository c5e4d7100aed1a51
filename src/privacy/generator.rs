//! Where the randomness of releases comes from.

use std::fmt;
use std::process;

use chacha20::ChaCha12Rng;
use rand::{Rng as _, SeedableRng as _};
use zeroize::Zeroizing;

use super::MechanismError;
use super::sampler::{Coins, Exhausted};
use crate::digest::random_bytes;

/// A ChaCha generator with 12 rounds, seeded by the operating system. There is no other seed outside of unit tests: whoever
/// knows the seed takes the noise off again.
///
/// Its state is overwritten when it is dropped, and whenever [`forget_past`](Self::forget_past) is called: then nobody who
/// gets hold of it later can compute what it gave before.
///
/// A process that was forked has the same state as its parent, and would add the same noise to other data. So the generator
/// refuses in a process with another number than the one it was made in. What it cannot see is that a whole machine was
/// copied: after a virtual machine is restored from a snapshot, the noise that was drawn ahead of it and all that the
/// generator gives after it are given a second time. Reopen what releases after each restore.
///
/// Source: RFC 8439, section 2.3; Bernstein, *Fast-key-erasure random-number generators* (2017).
pub(super) struct Generator {
    stream: ChaCha12Rng,
    /// Bits that were drawn and not yet used, at the low end.
    spare: u64,
    spare_bits: u32,
    process: u32,
}

impl Generator {
    pub(super) fn from_system() -> Result<Self, MechanismError> {
        let seed = random_bytes().map(Zeroizing::new)?;
        Ok(Self::from_seed(&seed))
    }

    /// Not for anything but the function above and unit tests, which need golden streams.
    pub(super) fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            stream: ChaCha12Rng::from_seed(*seed),
            spare: 0,
            spare_bits: 0,
            process: process::id(),
        }
    }

    #[cfg(test)]
    pub(super) fn fork_for_test(&mut self) {
        self.process = self.process.wrapping_add(1);
    }

    /// Refuses to go on in a process that was forked off.
    pub(super) fn check_process(&self) -> Result<(), MechanismError> {
        if self.process == process::id() {
            Ok(())
        } else {
            Err(MechanismError::Forked)
        }
    }

    /// Takes a new key from the stream and drops the old one.
    pub(super) fn forget_past(&mut self) {
        let mut seed = Zeroizing::new([0; 32]);
        self.stream.fill_bytes(seed.as_mut());
        self.stream = ChaCha12Rng::from_seed(*seed);
        (self.spare, self.spare_bits) = (0, 0);
    }

    #[cold]
    fn refill(&mut self) {
        self.spare = self.stream.next_u64();
        self.spare_bits = u64::BITS;
    }
}

impl Coins for Generator {
    const WIDTH: u32 = 64;

    #[inline]
    fn digit(&mut self) -> Result<u64, Exhausted> {
        Ok(self.stream.next_u64())
    }

    #[inline]
    fn bits(&mut self, count: u32) -> Result<u64, Exhausted> {
        if self.spare_bits < count {
            self.refill();
        }
        let bits = self.spare & !(u64::MAX << count);
        self.spare >>= count;
        self.spare_bits -= count;
        Ok(bits)
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.spare);
    }
}

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
