//! Bisection over all floats of 0 and more: no tolerance, no bracket, no start value to get wrong.

/// The largest float for which `holds`, if it holds up to some point and not beyond; 0 where it never does.
///
/// Where `holds` is not quite monotone, the answer is still a float for which it holds, or 0. Floats that are not negative
/// are ordered as their bits are, so this takes 63 steps.
pub(in crate::privacy) fn largest(holds: impl Fn(f64) -> bool) -> f64 {
    let mut low = 0_u64;
    let mut high = f64::INFINITY.to_bits();
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(f64::from_bits(middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::from_bits(low)
}

/// The smallest float for which `holds`, if it holds from some point on; infinity where it never does.
pub(super) fn smallest(holds: impl Fn(f64) -> bool) -> f64 {
    if holds(0.0) {
        return 0.0;
    }
    largest(|value| !holds(value)).next_up()
}
