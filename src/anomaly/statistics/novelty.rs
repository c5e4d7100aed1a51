//! How surprising something never seen before is, for somebody who meets new things this often.

use crate::anomaly::snapshot::stored;

/// The last `N` distinct things of one kind that a key has met, and how often it has met one that was not among them.
///
/// What was forgotten because `N` others came after it is new again, and counts as such: the share says how often that happens
/// too.
///
/// Things are told apart by 32 bits of a keyed hash: one new thing in 2^32/N passes for a known one, and nobody can aim
/// for that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Novelty<const N: usize> {
    /// The last seen first.
    tags: [u32; N],
    len: u16,
    share: ShareOfNew,
}

/// How often something that is met is new. 8 bytes.
///
/// `P(new) = (new + 1/2) / (seen + 1)`, the estimate of Krichevsky and Trofimov, so that somebody who explores is not
/// punished for it and somebody who never did is noticed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShareOfNew {
    /// Things met and new ones among them; both fading, over 1,024 things.
    seen: f32,
    new: f32,
}

/// What became of one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seen {
    Known,
    /// And the surprise of meeting something new at all.
    New(f64),
}

stored!(Novelty<const N: usize> { tags, len, share }, |novelty| {
    usize::from(novelty.len) <= N
});
stored!(ShareOfNew { seen, new }, |share| share.new <= share.seen);

impl<const N: usize> Novelty<N> {
    pub(crate) fn new() -> Self {
        Self {
            tags: [0; N],
            len: 0,
            share: ShareOfNew::default(),
        }
    }

    pub(crate) fn observe(&mut self, tag: u32) -> Seen {
        let found = self.known().iter().position(|known| *known == tag);
        self.move_to_front(tag, found);
        let surprise = self.share.observe(found.is_none());
        match found {
            Some(_) => Seen::Known,
            None => Seen::New(surprise),
        }
    }

    fn known(&self) -> &[u32] {
        self.tags.get(..self.len.into()).unwrap_or_default()
    }

    fn move_to_front(&mut self, tag: u32, found: Option<usize>) {
        let end = found.unwrap_or_else(|| usize::from(self.len).min(N.saturating_sub(1)));
        if let Some(front) = self.tags.get_mut(..=end) {
            front.rotate_right(1);
            if let Some(first) = front.first_mut() {
                *first = tag;
            }
        }
        if found.is_none() && usize::from(self.len) < N {
            self.len += 1;
        }
    }
}

impl ShareOfNew {
    /// One more thing. Tells how surprising a new one is, after those before it.
    pub(crate) fn observe(&mut self, is_new: bool) -> f64 {
        let surprise = -((f64::from(self.new) + 0.5) / (f64::from(self.seen) + 1.0)).ln();
        self.seen = self.seen * FADES + 1.0;
        self.new = self.new * FADES + f32::from(u8::from(is_new));
        surprise
    }
}

/// Fast enough that the first days, when everything is new, do not count for long.
const FADES: f32 = 1.0 - 1.0 / 1024.0;
