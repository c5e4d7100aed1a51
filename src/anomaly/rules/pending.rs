//! Calls that were allowed and have not ended.

/// The last 12 calls of an agent that are under way, each with what it is known by.
///
/// Of one that is pushed out by 12 others no loop is seen.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::anomaly) struct Pending {
    calls: [(u64, u64); 12],
    next: usize,
}

impl Pending {
    pub(in crate::anomaly) fn begin(&mut self, call: u64, tag: u64) {
        if let Some(slot) = self.calls.get_mut(self.next) {
            *slot = (call, tag);
        }
        self.next = (self.next + 1) % self.calls.len();
    }

    pub(in crate::anomaly) fn end(&mut self, call: u64) -> Option<u64> {
        let slot = self
            .calls
            .iter_mut()
            .find(|(id, tag)| *id == call && *tag != 0)?;
        Some(std::mem::take(&mut slot.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twelve_are_known_once() {
        let mut pending = Pending::default();
        assert_eq!(pending.end(0), None);
        (0..20).for_each(|call| pending.begin(call, call + 100));
        assert_eq!(pending.end(7), None);
        assert_eq!(pending.end(8), Some(108));
        assert_eq!(pending.end(8), None);
        assert_eq!(pending.end(19), Some(119));
    }
}
