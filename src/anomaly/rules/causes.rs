//! Whether more than one thing is out of the ordinary about an agent.

use crate::anomaly::alert::Cause;
use crate::anomaly::snapshot::stored;

/// When something was last seen of each cause of alerts.
#[derive(Clone, Debug, Default)]
pub(in crate::anomaly) struct Causes {
    /// One more than the second; 0 for never.
    seen: [u32; Cause::COUNT],
}

stored!(Causes { seen }, |_| true);

/// How long something that was seen backs something else, in seconds.
const BACKS: u32 = 3600;

impl Causes {
    /// Something of this cause was seen. Tells whether something of another one was, of late. What a tool can bring about by itself
    /// backs nothing, or whoever has a tool could give those who use it one of two causes.
    pub(in crate::anomaly) fn observe(&mut self, cause: Option<Cause>, second: u32) -> bool {
        let Some(cause) = cause else {
            return false;
        };
        let now = second.saturating_add(1);
        let backs = cause.is_agents_doing();
        let mut is_backed = false;
        for (at, seen) in self.seen.iter_mut().enumerate() {
            if at == cause as usize {
                *seen = if backs { now } else { 0 };
            } else {
                is_backed |= *seen > 0 && now.saturating_sub(*seen) <= BACKS;
            }
        }
        is_backed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_cause_of_the_last_hour_backs_one() {
        let mut causes = Causes::default();
        assert!(!causes.observe(Some(Cause::Rate), 0));
        assert!(!causes.observe(Some(Cause::Rate), 10));
        assert!(!causes.observe(None, 10));
        assert!(causes.observe(Some(Cause::Refusals), 20));
        assert!(causes.observe(Some(Cause::Rate), 3000));
        // What a tool does is backed, but backs nothing.
        assert!(causes.observe(Some(Cause::Sizes), 3000));
        assert!(!Causes::default().observe(Some(Cause::Sizes), 0));
        assert!(causes.observe(Some(Cause::Rate), 20 + BACKS));
        assert!(!causes.observe(Some(Cause::Rate), 21 + BACKS));
    }
}
