//! Faults that unit tests put in on purpose, to see that other tests find them. Outside of unit tests there are none.

/// A fault, of those that designs of this kind are known to have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutant {
    /// A sensitivity of C where a record that is replaced moves the result by 2C.
    HalfSensitivity,
    /// Noise of a deviation that is smaller than the one that is charged for.
    LessNoise,
    /// What is to be drawn again is taken.
    NoRetry,
    /// One sign is more likely than the other.
    SignBias,
    /// Zero is drawn with either sign, twice as often as it should be.
    DoubleZero,
    /// A charge that is rounded down, so that small ones are free.
    LostTinySpend,
    /// Noise that may leave before its charge is on disk.
    ReleaseBeforeCharge,
    /// An answer of a memory that is made before it is charged, and may leave if the process ends in between.
    ChargeAfterRelease,
}

impl Mutant {
    /// Whether this fault is in.
    #[cfg(not(test))]
    #[inline(always)]
    pub(super) const fn lives(self) -> bool {
        false
    }

    /// Whether this fault is in.
    #[cfg(test)]
    pub(super) fn lives(self) -> bool {
        tests::LIVING.get() == Some(self)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::catch_unwind;

    use super::Mutant;
    use crate::privacy::accountant::tests::amounts;
    use crate::privacy::ledger::tests as ledger;
    use crate::privacy::memory::tests as memory;
    use crate::privacy::noise::tests::an_audit_finds_nine_tenths_of_mu_and_no_more_than_all_of_it as audit;
    use crate::privacy::sampler::tests::{proof, statistics};

    thread_local! {
        /// The fault that is in, on this thread.
        pub(super) static LIVING: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    #[track_caller]
    fn assert_dies(mutant: Mutant, test: fn()) {
        LIVING.set(Some(mutant));
        let outcome = catch_unwind(test);
        LIVING.set(None);
        assert!(outcome.is_err(), "{mutant:?} is not found");
    }

    #[test]
    fn half_of_the_sensitivity_is_found_by_the_audit() {
        assert_dies(Mutant::HalfSensitivity, audit);
    }

    #[test]
    fn less_noise_than_is_charged_for_is_found_by_the_audit() {
        assert_dies(Mutant::LessNoise, audit);
    }

    /// It moves so little that a million draws show nothing.
    #[test]
    fn a_missing_retry_is_found_by_proof() {
        assert_dies(
            Mutant::NoRetry,
            proof::normal_steps_that_are_not_kept_are_drawn_again,
        );
        assert_dies(
            Mutant::NoRetry,
            proof::exponential_fractions_that_are_not_kept_are_drawn_again,
        );
    }

    #[test]
    fn a_bias_of_the_sign_is_found_by_proof_and_by_statistics() {
        assert_dies(Mutant::SignBias, proof::laplace_variables);
        assert_dies(Mutant::SignBias, statistics::narrow_laplaces);
    }

    #[test]
    fn a_spend_that_is_lost_is_found() {
        assert_dies(Mutant::LostTinySpend, amounts::the_smallest_spend_counts);
    }

    #[test]
    fn a_release_before_its_charge_is_found_by_crashes() {
        let mutant = Mutant::ReleaseBeforeCharge;
        assert_dies(mutant, ledger::no_fault_and_no_crash_pays_anything_back);
        let life = ledger::life::every_fault_and_crash_leaves_the_accounts_of_some_step;
        assert_dies(mutant, life);
    }

    #[test]
    fn an_answer_before_its_charge_is_found() {
        assert_dies(
            Mutant::ChargeAfterRelease,
            memory::a_refused_release_draws_nothing,
        );
        assert_dies(
            Mutant::ChargeAfterRelease,
            memory::a_refused_choice_looks_at_nothing,
        );
    }

    #[test]
    fn a_zero_that_counts_twice_is_found_by_proof_and_by_statistics() {
        assert_dies(Mutant::DoubleZero, proof::laplace_variables);
        assert_dies(Mutant::DoubleZero, statistics::narrow_laplaces);
    }
}
