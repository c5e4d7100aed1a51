//! A small number for each thread, so that threads can work on memory of their own.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static THREAD: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// Which of `N` parts this thread uses; below `N`.
pub(crate) fn index<const N: usize>() -> usize {
    let thread = THREAD.try_with(|thread| *thread).unwrap_or(0);
    usize::try_from(thread % N as u64).unwrap_or(0)
}

/// A number that no other call of this process gets, without touching memory that threads share.
///
/// 24 bits of thread, 40 bits of count: after 2^24 threads or 2^40 calls of one thread numbers would repeat.
pub(crate) fn next_call() -> u64 {
    let count = CALLS
        .try_with(|calls| calls.replace(calls.get().wrapping_add(1)))
        .unwrap_or(0);
    let thread = THREAD.try_with(|thread| *thread).unwrap_or(u64::MAX);
    (thread << 40) | (count & ((1 << 40) - 1))
}
