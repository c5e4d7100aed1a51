//! What a matcher says of one value.

/// The answer of one matcher to one value.
///
/// More than yes and no, because "this value is not one I can read" must not turn into
/// "allowed" when a policy writes `not` around a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Answer {
    /// The value has the form the constraint speaks of, and fits.
    Match,
    /// The value has the form the constraint speaks of, and does not fit.
    NoMatch,
    /// The value is of a kind that the constraint does not speak of; it is refused, also under `not`, but another
    /// alternative of an `any_of` may speak of it.
    OtherKind,
    /// The value is of the right kind, but not of a form that can be judged, such as a path that is not normal; it is
    /// refused, also under `not` and beside an alternative that merely does not match.
    Refuse,
}

impl Answer {
    /// The answer to a value of the right form.
    pub(super) const fn of(fits: bool) -> Self {
        if fits { Self::Match } else { Self::NoMatch }
    }
}
