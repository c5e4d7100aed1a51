//! What must not compile. Every case stands beside a twin that does and differs in one thing.

/// The session comes first, and is the only thing that can stand there.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn read(session: &Session, path: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn read(path: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn read(path: &str, session: &Session) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn read(session: &mut Session, path: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail,E0277
/// use portcullis::{Refusal, guard};
/// struct Session;
/// #[guard]
/// fn read(session: &Session, path: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
const SESSION: () = ();

/// A refused call returns an error, so there must be one to return.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// struct Failed;
/// impl From<Refusal> for Failed {
///     fn from(_: Refusal) -> Self { Self }
/// }
/// #[guard]
/// fn read(session: &Session) -> Result<(), Failed> { Ok(()) }
/// ```
/// ```compile_fail,E0277
/// use portcullis::{Refusal, Session, guard};
/// struct Failed;
/// #[guard]
/// fn read(session: &Session) -> Result<(), Failed> { Ok(()) }
/// ```
const ERROR_TYPE: () = ();

/// Only a `Result` can be refused; an alias of one is one.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// type Answer = Result<u8, Refusal>;
/// #[guard]
/// fn read(session: &Session) -> Answer { Answer::Ok(1) }
/// ```
/// ```compile_fail,E0277
/// use portcullis::{Refusal, Session, guard};
/// type Answer = std::ops::ControlFlow<Refusal, u8>;
/// #[guard]
/// fn read(session: &Session) -> Answer { Answer::Continue(1) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn read(session: &Session) -> Option<u8> { Some(1) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn read(session: &Session) {}
/// ```
const RESULT: () = ();

/// The refused path has to name the type that is returned.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn read(session: &Session) -> Result<Box<dyn Fn()>, Refusal> { Ok(Box::new(|| ())) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn read(session: &Session) -> Result<impl Fn(), Refusal> { Ok(Box::new(|| ())) }
/// ```
const OPAQUE_RESULT: () = ();

/// Every argument can be shown to a policy, or is left out by name.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// struct Broker;
/// #[guard(skip(broker))]
/// fn trade(session: &Session, broker: &Broker) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail,E0277
/// use portcullis::{Refusal, Session, guard};
/// struct Broker;
/// #[guard]
/// fn trade(session: &Session, broker: &Broker) -> Result<(), Refusal> { Ok(()) }
/// ```
const ARGUMENT: () = ();

/// A generic argument says that it can be shown.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn put<T: serde::Serialize>(session: &Session, item: T) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail,E0277
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn put<T: Clone>(session: &Session, item: T) -> Result<(), Refusal> { Ok(()) }
/// ```
const GENERIC_ARGUMENT: () = ();

/// Policies know arguments by their names, so each has a plain one.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn resize(session: &Session, size: (u8, u8)) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn resize(session: &Session, (width, height): (u8, u8)) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn resize(session: &Session, _: (u8, u8)) -> Result<(), Refusal> { Ok(()) }
/// ```
const PATTERN: () = ();

/// Options are known, given once, and name arguments of the function.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// #[guard(tool = "login", secret(key), skip(user))]
/// fn login(session: &Session, key: &str, user: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard(tool = "log in", secret(key), skip(user))]
/// fn login(session: &Session, key: &str, user: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard(tool = "login", secret(kye), skip(user))]
/// fn login(session: &Session, key: &str, user: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard(tool = "login", secret(key), skip(key))]
/// fn login(session: &Session, key: &str, user: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard(tool = "login", secret(key), secret(user))]
/// fn login(session: &Session, key: &str, user: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard(tool = "login", secret(session), skip(user))]
/// fn login(session: &Session, key: &str, user: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard(name = "login", secret(key), skip(user))]
/// fn login(session: &Session, key: &str, user: &str) -> Result<(), Refusal> { Ok(()) }
/// ```
const OPTIONS: () = ();

/// A tool can be called by anyone with any arguments, at run time, through Rust.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn tool(session: &Session) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// const fn tool(session: &Session) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// unsafe fn tool(session: &Session) -> Result<(), Refusal> { Ok(()) }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// extern "C" fn tool(session: &Session) -> Result<(), Refusal> { Ok(()) }
/// ```
const QUALIFIERS: () = ();

/// There is a body to guard.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// trait Tools {
///     #[guard]
///     fn tool(&self, session: &Session) -> Result<(), Refusal> { Ok(()) }
/// }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// trait Tools {
///     #[guard]
///     fn tool(&self, session: &Session) -> Result<(), Refusal>;
/// }
/// ```
/// ```compile_fail
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// trait Tools {
///     fn tool(&self, session: &Session) -> Result<(), Refusal> { Ok(()) }
/// }
/// ```
const BODY: () = ();

/// What the expansion calls things cannot be used by the body: there is no way to a second run.
///
/// ```
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn tool(session: &Session, clearance: u8) -> Result<u8, Refusal> { Ok(clearance) }
/// ```
/// ```compile_fail,E0425
/// use portcullis::{Refusal, Session, guard};
/// #[guard]
/// fn tool(session: &Session, level: u8) -> Result<u8, Refusal> { Ok(clearance) }
/// ```
const HYGIENE: () = ();
