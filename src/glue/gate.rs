use super::probe::Held;
use crate::call::TypedArguments;
use crate::permit::Clearance;
use crate::refusal::Refusal;
use crate::session::Session;

/// The one type that the first parameter may refer to.
#[diagnostic::on_unimplemented(
    message = "the first parameter of a guarded function must be `&Session`, not `&{Self}`",
    label = "not a `portcullis::Session`"
)]
pub trait AsSession {
    /// The session.
    fn session(&self) -> &Session;
}

impl AsSession for Session {
    fn session(&self) -> &Session {
        self
    }
}

/// What a guarded function returns.
#[diagnostic::on_unimplemented(
    message = "a guarded function must return a `Result` whose error type implements `From<Refusal>`",
    label = "not a `Result`"
)]
pub trait Outcome {
    /// What it returns where all goes well.
    type Value;

    /// The outcome of a call that may not run.
    fn refused(refusal: Refusal) -> Self;
}

impl<T, E: From<Refusal>> Outcome for Result<T, E> {
    type Value = T;

    fn refused(refusal: Refusal) -> Self {
        Err(E::from(refusal))
    }
}

/// Asks the session whether this call may run. `held` is sorted by name.
///
/// # Errors
/// The refusal, if it may not.
pub fn authorize<'s, S: AsSession + ?Sized, const N: usize>(
    session: &'s S,
    tool: &'s str,
    held: [(&str, Held<'_>); N],
    secret: &[&str],
) -> Result<Clearance<'s>, Refusal> {
    let fields = held.each_ref().map(|(name, held)| (*name, held.view()));
    let arguments = TypedArguments {
        fields: &fields,
        secret,
    };
    session.session().authorize(tool, &arguments)
}
