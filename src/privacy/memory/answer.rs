//! What a memory answers, with what that has cost.

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::privacy::{Charge, Cost, Mechanism};

/// An answer, and what was charged for it: nothing where it is of what everyone may know, or was told before.
///
/// It serialises as an object of `value` and `cost`, so a tool that returns it has its cost on record with its result. The cost
/// is null, or an object of `mechanism`, `partition` and, by the mechanism, `epsilon` or `mu_squared`, each so many `times`.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Answer<T> {
    value: T,
    charge: Option<Charge>,
}

impl<T> Answer<T> {
    pub(super) const fn free(value: T) -> Self {
        Self {
            value,
            charge: None,
        }
    }

    pub(super) const fn charged(value: T, charge: Charge) -> Self {
        let charge = Some(charge);
        Self { value, charge }
    }

    /// What was asked for. It may be told, kept and computed with at no further cost.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// What was asked for, without the cost.
    pub fn into_value(self) -> T {
        self.value
    }

    /// What was charged, and to whom.
    #[must_use]
    pub const fn charge(&self) -> Option<&Charge> {
        self.charge.as_ref()
    }

    /// Something computed from the answer, at the same cost.
    pub fn map<U>(self, compute: impl FnOnce(T) -> U) -> Answer<U> {
        Answer {
            value: compute(self.value),
            charge: self.charge,
        }
    }
}

impl<T: Serialize> Serialize for Answer<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_struct("Answer", 2)?;
        answer.serialize_field("value", &self.value)?;
        answer.serialize_field("cost", &self.charge.as_ref().map(Recorded))?;
        answer.end()
    }
}

/// A charge, as it is recorded.
struct Recorded<'c>(&'c Charge);

impl Serialize for Recorded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (cost, scope) = (self.0.cost(), self.0.scope());
        let mut recorded = serializer.serialize_struct("Cost", 4)?;
        recorded.serialize_field("mechanism", name(cost))?;
        recorded.serialize_field("partition", scope.partition().as_str())?;
        recorded.serialize_field("times", &self.0.count())?;
        match cost.epsilon() {
            Some(epsilon) => recorded.serialize_field("epsilon", &epsilon.value())?,
            None => recorded.serialize_field("mu_squared", &cost.mu_squared().ok())?,
        }
        recorded.end()
    }
}

const fn name(cost: &Cost) -> &'static str {
    match cost.mechanism() {
        Mechanism::Gaussian => "gaussian",
        Mechanism::Laplace => "laplace",
        Mechanism::Exponential => "exponential",
    }
}
