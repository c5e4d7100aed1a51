//! A disk in memory that fails where it is told to, and that forgets what was not synced. For tests, of whoever keeps
//! state in [`Files`].

mod state;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

use self::state::Inode;
pub(crate) use self::state::State;
use super::files::{Files, Lock, Sink, Source};

/// What goes wrong, once, at one operation; or from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The operation fails and has done nothing.
    Fails,
    /// The operation is done, and then reported as failed.
    DoneButFails,
    /// A write takes half, and says so.
    WritesHalf,
    /// A write takes half, and then it fails.
    FailsHalfWay,
    /// From here on there is no room: writes take half of what they are given and fail, and no file is created.
    DiskFull,
}

pub(crate) const FAULTS: [Fault; 5] = [
    Fault::Fails,
    Fault::DoneButFails,
    Fault::WritesHalf,
    Fault::FailsHalfWay,
    Fault::DiskFull,
];

/// Handles to one disk.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// A disk with one file, synced.
    pub(crate) fn holding(files: &[(String, Vec<u8>)]) -> Self {
        let disk = Self::default();
        for (name, data) in files {
            disk.put(name, data.clone());
        }
        disk
    }

    pub(crate) fn put(&self, name: &str, data: Vec<u8>) {
        let mut state = self.0.lock();
        let inode = state.inodes.len();
        state.inodes.push(Inode {
            synced: data.clone(),
            data,
        });
        state.names.insert(name.to_owned(), inode);
        state.synced_names.insert(name.to_owned(), inode);
    }

    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let state = self.0.lock();
        let file =
            |(name, &inode): (&String, &usize)| (name.clone(), state.inodes[inode].data.clone());
        state.names.iter().map(file).collect()
    }

    pub(crate) fn fail_at(&self, operation: usize, fault: Fault) {
        self.0.lock().fault = Some((operation, fault));
    }

    pub(crate) fn replace_at(&self, operation: usize, name: &str, data: Vec<u8>) {
        self.0.lock().replacement = Some((operation, name.to_owned(), data));
    }

    pub(crate) fn operations(&self) -> usize {
        self.0.lock().operations
    }

    pub(crate) fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock())
    }

    /// Whether these bytes stand anywhere in what was synced.
    pub(crate) fn holds_synced(&self, bytes: &[u8]) -> bool {
        let state = self.0.lock();
        let mut files = state.synced_names.values();
        files.any(|&inode| {
            let mut places = state.inodes[inode].synced.windows(bytes.len());
            places.any(|window| window == bytes)
        })
    }

    /// Every state in which the disk may be found after a crash.
    pub(crate) fn crashes(&self) -> Vec<State> {
        self.crashes_by(1)
    }

    /// As [`crashes`](Self::crashes), but what was not synced is cut at every `step`-th byte only.
    pub(crate) fn crashes_by(&self, step: usize) -> Vec<State> {
        self.0.lock().crashes(step)
    }

    /// Counts an operation. Whether only half of it is to be done, or none.
    fn step(&self, is_write: bool, needs_room: bool) -> io::Result<Extent> {
        let mut state = self.0.lock();
        let operation = state.operations;
        state.operations += 1;
        state.replace(operation);
        let fault = state.fault.filter(|(at, _)| *at == operation);
        state.is_full |= fault.is_some_and(|(_, fault)| fault == Fault::DiskFull);
        match fault {
            Some((_, Fault::Fails)) => return Err(io::Error::other("injected")),
            Some((_, Fault::DoneButFails)) => state.fails_at_its_end = true,
            Some((_, Fault::WritesHalf)) if is_write => return Ok(Extent::Half),
            Some((_, Fault::FailsHalfWay)) if is_write => return Ok(Extent::HalfAndFail),
            _ => {}
        }
        match state.is_full && needs_room {
            true if is_write => Ok(Extent::HalfAndFail),
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(Extent::All),
        }
    }

    /// The end of an operation that changes something.
    fn done(&self) -> io::Result<()> {
        match std::mem::take(&mut self.0.lock().fails_at_its_end) {
            true => Err(io::Error::other("injected at the end")),
            false => Ok(()),
        }
    }

    fn handle(&self, name: &str) -> io::Result<Handle> {
        let inode = self.0.lock().names.get(name).copied();
        Ok(Handle {
            inode: inode.ok_or(io::ErrorKind::NotFound)?,
            disk: self.clone(),
        })
    }
}

#[derive(PartialEq)]
enum Extent {
    All,
    Half,
    HalfAndFail,
}

impl Files for Disk {
    fn directory(&self) -> &Path {
        Path::new("disk")
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        self.step(false, false)?;
        if std::mem::replace(&mut self.0.lock().is_locked, true) {
            return Ok(None);
        }
        Ok(Some(Box::new(Held(self.clone()))))
    }

    fn list(&self, found: &mut dyn FnMut(&str)) -> io::Result<()> {
        self.step(false, false)?;
        self.0.lock().names.keys().for_each(|name| found(name));
        Ok(())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Source>> {
        self.step(false, false)?;
        Ok(Box::new(self.handle(name)?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Sink>> {
        self.step(false, true)?;
        let mut state = self.0.lock();
        let inode = state.inodes.len();
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.inodes.push(Inode::default());
        state.names.insert(name.to_owned(), inode);
        drop(state);
        self.done()?;
        Ok(Box::new(Handle {
            inode,
            disk: self.clone(),
        }))
    }

    fn extend(&self, name: &str) -> io::Result<Box<dyn Sink>> {
        self.step(false, false)?;
        Ok(Box::new(self.handle(name)?))
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        self.step(false, false)?;
        self.handle(name)?
            .data(|data| data.truncate(length as usize));
        self.done()
    }

    /// Two operations: the write, and the sync.
    fn erase(&self, name: &str, offset: u64, length: u64) -> io::Result<()> {
        let extent = self.step(true, false)?;
        let mut handle = self.handle(name)?;
        let (start, count) = (offset as usize, length as usize);
        handle.data(|data| {
            let range = data.get_mut(start..).and_then(|rest| rest.get_mut(..count));
            let range = range.ok_or(io::ErrorKind::InvalidInput)?;
            // A short write is carried on.
            let reached = match extent {
                Extent::HalfAndFail => count / 2,
                Extent::All | Extent::Half => count,
            };
            range[..reached].fill(0);
            Ok::<_, io::Error>(())
        })?;
        if extent == Extent::HalfAndFail {
            return Err(io::Error::other("injected half-way"));
        }
        self.done()?;
        handle.sync()
    }

    /// After a crash each of the two names may be as before or as after, which is more than a file system leaves open.
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step(false, false)?;
        self.state(|state| {
            let inode = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            state.names.insert(to.to_owned(), inode);
            Ok::<_, io::Error>(())
        })?;
        self.done()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.step(false, false)?;
        self.state(|state| state.names.remove(name))
            .ok_or(io::ErrorKind::NotFound)?;
        self.done()
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.step(false, false)?;
        let mut state = self.0.lock();
        state.synced_names = state.names.clone();
        drop(state);
        self.done()
    }

    fn sync_parent(&self) -> io::Result<()> {
        self.step(false, false)?;
        Ok(())
    }
}

struct Held(Disk);

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.lock().is_locked = false;
    }
}

struct Handle {
    disk: Disk,
    inode: usize,
}

impl Handle {
    fn data<T>(&self, look: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        look(&mut self.disk.0.lock().inodes[self.inode].data)
    }
}

impl Source for Handle {
    fn length(&mut self) -> io::Result<u64> {
        self.disk.step(false, false)?;
        Ok(self.data(|data| data.len() as u64))
    }

    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk.step(false, false)?;
        Ok(self.data(|data| {
            let rest = data.get(offset as usize..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            count
        }))
    }
}

impl Sink for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let longest = self.disk.state(|state| {
            state.writes += 1;
            state.longest_write.unwrap_or(usize::MAX)
        });
        let bytes = &bytes[..bytes.len().min(longest)];
        let extent = self.disk.step(true, true)?;
        let taken = match extent {
            Extent::All => bytes,
            Extent::Half | Extent::HalfAndFail => &bytes[..bytes.len().div_ceil(2)],
        };
        self.data(|data| data.extend_from_slice(taken));
        self.disk.done()?;
        match extent {
            Extent::HalfAndFail => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(taken.len()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.step(false, false)?;
        let (written, takes) = self.disk.state(|state| {
            state.syncs += 1;
            (state.inodes[self.inode].data.len(), state.sync_takes)
        });
        thread::sleep(takes);
        self.disk.state(|state| {
            let inode = &mut state.inodes[self.inode];
            assert_eq!(inode.data.len(), written, "written during a sync");
            inode.synced.clone_from(&inode.data);
        });
        self.disk.done()
    }
}
