//! Handing alerts to those who want them, without ever waiting for one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use parking_lot::Mutex;

use super::alert::Alert;

/// Everyone who gets alerts.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    readers: Mutex<Vec<Reader>>,
    /// Alerts so far.
    told: AtomicU64,
    /// Alerts that somebody did not get.
    lost: AtomicU64,
}

#[derive(Debug)]
struct Reader {
    sender: SyncSender<Alert>,
    /// Not told yet.
    lost: u64,
}

impl Outbox {
    /// One more reader, for whom at most so many alerts wait.
    pub(super) fn subscribe(&self, waiting: usize) -> Receiver<Alert> {
        let (sender, receiver) = sync_channel(waiting.max(1));
        self.readers.lock().push(Reader { sender, lost: 0 });
        receiver
    }

    /// Gives an alert its number, which is returned, and hands it to everyone.
    pub(super) fn tell(&self, alert: &Alert) -> u64 {
        // Numbers are in order for every reader, since they are given under the lock.
        let mut readers = self.readers.lock();
        let number = self.told.fetch_add(1, Ordering::Relaxed) + 1;
        let numbered = |mut alert: Alert| {
            alert.number = number;
            alert
        };
        readers.retain_mut(|reader| reader.tell(numbered(alert.clone()), &self.lost));
        number
    }

    pub(super) fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Reader {
    /// Whether it is still there.
    fn tell(&mut self, mut alert: Alert, lost: &AtomicU64) -> bool {
        alert.lost = self.lost;
        match self.sender.try_send(alert) {
            Ok(()) => {
                self.lost = 0;
                true
            }
            Err(TrySendError::Full(_)) => {
                self.lost += 1;
                lost.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}
