//! The few operations on files that a journal needs, so that tests can make each of them fail.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Keeps other writers out until it is dropped.
pub(super) trait Lock: Send + Sync {}

/// A directory with the files of one journal.
pub(super) trait Files: Send + Sync {
    fn directory(&self) -> &Path;

    /// `None` where another writer holds the lock.
    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>>;

    /// Calls `found` with the name of everything in the directory, in any order.
    fn list(&self, found: &mut dyn FnMut(&str)) -> io::Result<()>;

    fn open(&self, name: &str) -> io::Result<Box<dyn Source>>;

    /// Creates a file that is not there yet. Durable only after [`sync_directory`](Self::sync_directory).
    fn create(&self, name: &str) -> io::Result<Box<dyn Sink>>;

    /// Opens a file for writing at its end.
    fn extend(&self, name: &str) -> io::Result<Box<dyn Sink>>;

    /// Durable only after a sync of the file.
    fn truncate(&self, name: &str, length: u64) -> io::Result<()>;

    /// Durable only after [`sync_directory`](Self::sync_directory).
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes durable what files there are.
    fn sync_directory(&self) -> io::Result<()>;

    /// Makes durable that the directory itself is there.
    fn sync_parent(&self) -> io::Result<()>;
}

/// A file that is read.
pub(super) trait Source: Send {
    fn length(&mut self) -> io::Result<u64>;

    /// Reads from an offset; how much, or 0 at the end.
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// A file that grows.
pub(super) trait Sink: Send {
    /// Writes at the end; how much of it.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Makes durable all that was written, also through other handles.
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of the real file system.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    /// A directory that may not be there yet.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
        private_directory().create(path)?;
        missing.into_iter().try_for_each(sync_parent_of)?;
        Ok(Self(path.to_owned()))
    }

    /// A directory that is only read.
    pub(super) fn existing(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl Files for Directory {
    fn directory(&self) -> &Path {
        &self.0
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        let file = private_file()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.0.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self, found: &mut dyn FnMut(&str)) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            // A name that is not text is none of ours.
            if let Some(name) = entry?.file_name().to_str() {
                found(name);
            }
        }
        Ok(())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Source>> {
        Ok(Box::new(File::open(self.0.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Sink>> {
        let file = private_file()
            .append(true)
            .create_new(true)
            .open(self.0.join(name))?;
        Ok(Box::new(file))
    }

    fn extend(&self, name: &str) -> io::Result<Box<dyn Sink>> {
        let file = File::options().append(true).open(self.0.join(name))?;
        Ok(Box::new(file))
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        let file = File::options().write(true).open(self.0.join(name))?;
        file.set_len(length)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        sync_directory(&self.0)
    }

    fn sync_parent(&self) -> io::Result<()> {
        sync_parent_of(&self.0)
    }
}

impl Lock for File {}

impl Source for File {
    fn length(&mut self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.seek(SeekFrom::Start(offset))?;
        self.read(buffer)
    }
}

impl Sink for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Makes durable that a file is there.
pub(crate) fn sync_parent_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_directory(Path::new(".")),
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

/// Makes durable what files there are in a directory.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Other systems have no such operation, or do it by themselves.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// For the owner alone, where the system knows owners.
#[cfg_attr(not(unix), allow(unused_mut, reason = "the mode is set on unix only"))]
fn private_directory() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// For the owner alone, where the system knows owners.
#[cfg_attr(not(unix), allow(unused_mut, reason = "the mode is set on unix only"))]
pub(crate) fn private_file() -> fs::OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
