//! `#[guard]` on methods, generic functions, and functions that call themselves or panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis::{Code, Guard, Outcome, Refusal, RingRecorder, Session, guard};

use crate::guarded::{Fallible, ToolError, closed, last, open};
use crate::support::{AGENT, agent, agent_policy, block_on};

#[derive(Default)]
struct Desk<T> {
    orders: Vec<T>,
    entered: AtomicU32,
}

impl<T: serde::Serialize + Clone> Desk<T> {
    #[guard(tool = "place")]
    async fn place(&mut self, session: &Session, order: T) -> Fallible<usize> {
        self.entered.fetch_add(1, Ordering::Relaxed);
        std::future::ready(()).await;
        self.orders.push(order);
        Ok(self.orders.len())
    }

    #[guard]
    fn slot(&mut self, session: &Session, mut index: usize) -> Fallible<Option<&mut T>> {
        index += 1;
        Ok(self.orders.get_mut(index - 1))
    }

    #[guard]
    fn close(self: Arc<Self>, session: &Session) -> Result<usize, Refusal> {
        Ok(self.orders.len())
    }

    #[guard]
    fn into_orders(self, session: &Session) -> Result<Vec<T>, Refusal> {
        Ok(self.orders)
    }
}

#[test]
fn methods_are_guarded_like_functions() {
    let (gate, shut) = (open(), closed());
    let (session, no) = (gate.session(), shut.session());
    let mut desk = Desk::default();
    assert_eq!(block_on(desk.place(&session, "first")), Ok(1));
    assert_eq!(last(&gate), r#"{"order":"first"}"#);
    assert_eq!(
        block_on(desk.place(&no, "second")),
        Err(ToolError::Refused(Code::UnexpectedParameter))
    );
    *desk.slot(&session, 0).unwrap().unwrap() = "changed";
    assert!(desk.slot(&no, 0).is_err());
    assert_eq!(desk.entered.load(Ordering::Relaxed), 1);
    assert_eq!(Arc::new(Desk::<u8>::default()).close(&session).unwrap(), 0);
    assert_eq!(last(&gate), "{}");
    assert_eq!(
        Arc::new(Desk::<u8>::default())
            .close(&no)
            .unwrap_err()
            .code(),
        Code::MissingParameter
    );
    assert_eq!(desk.into_orders(&session).unwrap(), ["changed"]);
}

#[guard]
fn generic<'a, T, const N: usize>(
    session: &Session,
    item: &'a T,
    maybe: Option<T>,
    rows: [u8; N],
    any: impl serde::Serialize,
) -> Fallible<&'a T>
where
    T: serde::Serialize,
{
    let _ = (maybe, rows, any);
    Ok(item)
}

#[guard]
fn countdown(session: &Session, from: u8) -> Fallible<u32> {
    // Names that the expansion uses too.
    let (clearance, refusal) = (1, 0);
    if from == 0 {
        Ok(refusal)
    } else {
        Ok(countdown(session, from - 1)? + clearance)
    }
}

#[guard]
fn explodes(session: &Session) -> Fallible<()> {
    std::panic::resume_unwind(Box::new(()))
}

#[guard(tool = "pay/now")]
fn pay(session: &Session) -> Fallible<()> {
    Ok(())
}

trait Tools {
    #[guard]
    fn provided(&self, session: &Session, a: u8) -> Fallible<u8> {
        Ok(a)
    }
}

impl Tools for () {}

#[test]
fn other_shapes_of_functions() {
    let gate = open();
    let session = gate.session();
    assert_eq!(generic(&session, &3, Some(4), [1; 3], "x"), Ok(&3));
    assert_eq!(
        last(&gate),
        r#"{"any":"x","item":3,"maybe":4,"rows":[1,1,1]}"#
    );
    assert_eq!(generic(&session, &3, None, [], 1.5), Ok(&3));
    assert_eq!(last(&gate), r#"{"any":1.5,"item":3,"rows":[]}"#);
    assert_eq!(countdown(&session, 3), Ok(3));
    assert_eq!(().provided(&session, 7), Ok(7));
    let outcomes = gate.log.outcomes().len();
    assert!(catch_unwind(AssertUnwindSafe(|| explodes(&session))).is_err());
    assert_eq!(gate.log.outcomes()[outcomes..], [Outcome::Panicked]);
    gate.guard.swap([agent_policy(r#"[{"tool_name": "countdown", "max_calls_per_minute": 1000, "allowed_params": {"from": {"min": 2}}}]"#)]).unwrap();
    assert_eq!(
        countdown(&session, 3),
        Err(ToolError::Refused(Code::Constraint)),
        "each call inside is asked too"
    );
    session.close();
    assert_eq!(
        countdown(&session, 3),
        Err(ToolError::Refused(Code::Identity))
    );
}

#[test]
fn specifications_and_policies_meet_at_build() {
    let build = |permissions: &str| {
        let tools = [countdown_tool(), pay_tool()];
        let guard = Guard::builder()
            .tools(tools)
            .policy(agent_policy(permissions));
        guard
            .recorder(RingRecorder::new(8))
            .build()
            .map(|guard| guard.vouched_session(agent(AGENT)).unwrap())
    };
    let session =
        build(r#"[{"tool_name": "countdown", "allowed_params": {"from": {"max": 3}}}]"#).unwrap();
    assert_eq!(countdown(&session, 3), Ok(3));
    assert!(
        build(r#"[{"tool_name": "countdown", "allowed_params": {"form": {"max": 3}}}]"#).is_err()
    );
    assert!(build(r#"[{"tool_name": "countdown", "allowed_params": {"from": ["3"]}}]"#).is_err());
    assert!(
        build(r#"[{"tool_name": "pay"}]"#).is_err(),
        "it is called `pay/now`"
    );
}
