use super::*;
use crate::journal::disk::{Disk, FAULTS};
use crate::privacy::{
    Budget, BudgetPlan, DataSubject, Delta, Embedding, Epsilon, PartitionName, PartitionPlan, Rho,
    Which,
};

fn name() -> PartitionName {
    "tickets".parse().unwrap()
}

/// With so many records.
fn memory(records: u32) -> AgentMemory {
    let budget = Budget::zcdp(Rho::new(1e9).unwrap(), Delta::ZERO);
    let ledger = Ledger::that_forgets(BudgetPlan::new(budget).partition(name(), budget)).unwrap();
    let plan = MemoryPlan::new().partition(name(), PartitionPlan::central(2, 1.0).unwrap());
    let memory = AgentMemory::new(plan, ledger).unwrap();
    for number in 0..records {
        let (key, subject) = (number.to_string(), DataSubject::new(&number.to_string()));
        let embedding = Embedding::new(&[0.6, 0.8]).about(subject);
        let stored = memory.store_embedding(&name(), key.parse().unwrap(), embedding);
        stored.unwrap();
    }
    memory
}

/// Who saves is not alone: somebody else saves to the same place between any two steps, and may be stopped half-way.
mod together {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::journal::{Lock, Sink, Source};

    /// Called before each step, with its number.
    type Before = Arc<dyn Fn(usize) -> io::Result<()> + Send + Sync>;

    #[derive(Clone)]
    struct Watched {
        disk: Disk,
        steps: Arc<AtomicUsize>,
        before: Before,
    }

    impl Watched {
        fn new(
            disk: &Disk,
            before: impl Fn(usize) -> io::Result<()> + Send + Sync + 'static,
        ) -> Self {
            Self {
                disk: disk.clone(),
                steps: Arc::default(),
                before: Arc::new(before),
            }
        }

        fn step(&self) -> io::Result<&Disk> {
            (self.before)(self.steps.fetch_add(1, Ordering::Relaxed))?;
            Ok(&self.disk)
        }
    }

    impl Files for Watched {
        fn directory(&self) -> &Path {
            self.disk.directory()
        }

        fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
            self.step()?.lock()
        }

        fn list(&self, found: &mut dyn FnMut(&str)) -> io::Result<()> {
            self.step()?.list(found)
        }

        fn open(&self, name: &str) -> io::Result<Box<dyn Source>> {
            self.step()?.open(name)
        }

        fn create(&self, name: &str) -> io::Result<Box<dyn Sink>> {
            let sink = self.step()?.create(name)?;
            Ok(Box::new(WatchedSink(sink, self.clone())))
        }

        fn extend(&self, name: &str) -> io::Result<Box<dyn Sink>> {
            self.step()?.extend(name)
        }

        fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
            self.step()?.truncate(name, length)
        }

        fn erase(&self, name: &str, offset: u64, length: u64) -> io::Result<()> {
            self.step()?.erase(name, offset, length)
        }

        fn rename(&self, from: &str, to: &str) -> io::Result<()> {
            self.step()?.rename(from, to)
        }

        fn remove(&self, name: &str) -> io::Result<()> {
            self.step()?.remove(name)
        }

        fn sync_directory(&self) -> io::Result<()> {
            self.step()?.sync_directory()
        }

        fn sync_parent(&self) -> io::Result<()> {
            self.step()?.sync_parent()
        }
    }

    struct WatchedSink(Box<dyn Sink>, Watched);

    impl Sink for WatchedSink {
        fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.step()?;
            self.0.append(bytes)
        }

        fn sync(&mut self) -> io::Result<()> {
            self.1.step()?;
            self.0.sync()
        }
    }

    /// More than a save has.
    const STEPS: usize = 12;

    /// Law: what stands in the place is a whole memory, and a save that succeeds has put its own there: not one that somebody else
    /// has begun, which may have raw vectors in it where this has none.
    #[test]
    fn a_save_puts_nothing_but_its_own_in_the_place() {
        for (at, stop) in (0..STEPS).flat_map(|at| (0..STEPS).map(move |stop| (at, stop))) {
            let disk = Disk::default();
            let shared = disk.clone();
            let meddle = move |step| {
                if step == at {
                    let stops = move |step| match step < stop {
                        true => Ok(()),
                        false => Err(io::Error::other("stopped")),
                    };
                    drop(memory(5).save_in(&Watched::new(&shared, stops), "memory", Raw::Kept));
                }
                Ok(())
            };
            let saved = memory(3).save_in(&Watched::new(&disk, meddle), "memory", Raw::LeftOut);
            let is_there = disk.files().iter().any(|(name, _)| name == "memory");
            let records = is_there.then(|| found(&disk));
            // The other may have come last, as far as its own name.
            let is_fine = match saved {
                Ok(()) => records == Some(0) || records == Some(5) && stop > 4,
                Err(_) => records.is_none() || records == Some(5) && stop > 4,
            };
            assert!(is_fine, "at {at}, stopped at {stop}: {records:?} {saved:?}");
        }
    }
}

/// How many records are found, if the file is whole; it always is.
fn found(disk: &Disk) -> usize {
    let memory = memory(0);
    memory.load_from(disk, "memory").unwrap();
    let count = memory.count(&name(), Which::All, Epsilon::new(200.0).unwrap());
    let records = memory.records(&name()).unwrap();
    assert_eq!(count.unwrap().into_value(), records as i64);
    records
}

/// Law: whatever fails and wherever the machine crashes, there is the old memory or the new one; and the new one, once it was
/// reported as saved.
#[test]
fn a_save_that_fails_or_crashes_leaves_one_of_both() {
    let whole = {
        let disk = Disk::default();
        memory(3).save_in(&disk, "memory", Raw::Kept).unwrap();
        disk.operations()
    };
    for fault in FAULTS {
        for operation in 0..whole + 2 {
            let disk = Disk::default();
            memory(3).save_in(&disk, "memory", Raw::Kept).unwrap();
            disk.fail_at(disk.operations() + operation, fault);
            let saved = memory(5).save_in(&disk, "memory", Raw::Kept);
            let records = found(&Disk::new(disk.state(|state| state.after_the_process())));
            assert!(
                records == 5 || saved.is_err() && records == 3,
                "{fault:?} at {operation}"
            );
            for crashed in disk.crashes_by(7) {
                let disk = Disk::new(crashed);
                let records = found(&disk);
                assert!(
                    records == 5 || saved.is_err() && records == 3,
                    "{fault:?} at {operation}"
                );
                // What is left of an attempt is not in the way.
                memory(4).save_in(&disk, "memory", Raw::Kept).unwrap();
                assert_eq!(found(&disk), 4);
                assert_eq!(disk.files().len(), 1);
            }
        }
    }
}
