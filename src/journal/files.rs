//! The few operations on files that durable state needs, so that tests can make each of them fail.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process;

use super::error::JournalError;

/// Keeps other writers out until it is dropped.
pub(crate) trait Lock: Send + Sync {}

/// A directory with the files of one journal, and what its owner keeps beside them. Names are those of files in it.
pub(crate) trait Files: Send + Sync {
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

    /// Overwrites a range with zeros, and makes that durable. Until it returns, a crash may leave any mix of what stood
    /// there and zeros. A range that the file does not have is an error, and changes nothing.
    fn erase(&self, name: &str, offset: u64, length: u64) -> io::Result<()>;

    /// Gives a file another name, under which there is then no other, in one step: whoever looks finds the one or the
    /// other, whole. Durable only after [`sync_directory`](Self::sync_directory), and the file's content only after a sync
    /// of its own before.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Durable only after [`sync_directory`](Self::sync_directory).
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes durable what files there are.
    fn sync_directory(&self) -> io::Result<()>;

    /// Makes durable that the directory itself is there.
    fn sync_parent(&self) -> io::Result<()>;
}

/// A file that is read.
pub(crate) trait Source: Send {
    fn length(&mut self) -> io::Result<u64>;

    /// Reads from an offset; how much, or 0 at the end.
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// A file that grows.
pub(crate) trait Sink: Send {
    /// Writes at the end; how much of it.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Makes durable all that was written, also through other handles.
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of the real file system.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// A directory that may not be there yet, durable.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`].
    pub(crate) fn create(path: &Path) -> Result<Self, JournalError> {
        match create_directory(path) {
            Ok(()) => Ok(Self(path.to_owned())),
            Err(cause) => Err(JournalError::io("create", path, cause)),
        }
    }

    /// A directory that is only read.
    pub(crate) fn existing(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Opens a file that is there.
    fn regular(&self, name: &str, options: &OpenOptions) -> io::Result<File> {
        let path = self.0.join(name);
        check_regular(&path)?;
        options.open(path)
    }
}

impl Files for Directory {
    fn directory(&self) -> &Path {
        &self.0
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        let path = self.0.join("lock");
        match check_regular(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = private_file()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(FileLock {
                file,
                process: process::id(),
            }))),
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
        Ok(Box::new(self.regular(name, File::options().read(true))?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Sink>> {
        let file = private_file()
            .append(true)
            .create_new(true)
            .open(self.0.join(name))?;
        Ok(Box::new(file))
    }

    fn extend(&self, name: &str) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(self.regular(name, File::options().append(true))?))
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        let file = self.regular(name, File::options().write(true))?;
        file.set_len(length)
    }

    fn erase(&self, name: &str, offset: u64, length: u64) -> io::Result<()> {
        let mut file = self.regular(name, File::options().write(true))?;
        let has = file.metadata()?.len();
        if offset.checked_add(length).is_none_or(|end| end > has) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        file.seek(SeekFrom::Start(offset))?;
        io::copy(&mut io::repeat(0).take(length), &mut file)?;
        file.sync_data()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
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

/// A lock on a file, which ends when this is dropped and not only when the file is closed: a process that is about to start
/// another program has it open for a moment, and would hold the lock for as long.
struct FileLock {
    file: File,
    /// Who took it. One that was forked off must not end it.
    process: u32,
}

impl Lock for FileLock {}

impl Drop for FileLock {
    fn drop(&mut self) {
        if self.process == process::id() {
            // If it fails, closing the file ends it.
            let _ = self.file.unlock();
        }
    }
}

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

/// Whoever opens a pipe waits for as long as somebody else likes.
fn check_regular(path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// Reads a file from an offset as far as it goes, or up to a limit, for which it takes memory at once.
pub(crate) fn read_up_to(
    source: &mut dyn Source,
    offset: u64,
    limit: usize,
) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; limit];
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match source.read_at(room, offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Writes all of it. A short write is carried on; a failed one is final.
pub(crate) fn append_all(sink: &mut dyn Sink, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.append(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            // Interrupted before anything was written.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Creates a directory with those above it, and makes durable that they are there.
fn create_directory(path: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    private_directory().create(path)?;
    missing.into_iter().try_for_each(sync_parent_of)
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
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Other systems have no such operation, or do it by themselves.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
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
fn private_file() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_free(file: &File) -> bool {
        let is_free = file.try_lock().is_ok();
        if is_free {
            file.unlock().unwrap();
        }
        is_free
    }

    /// The copy is what a process has that was forked off.
    #[test]
    fn a_lock_ends_with_its_holder_and_not_with_a_fork_of_it() {
        let name = format!("portcullis-lock-{}", process::id());
        let path = std::env::temp_dir().join(name);
        let open = || File::create(&path).unwrap();
        let (file, other) = (open(), open());
        file.try_lock().unwrap();
        let copy = file.try_clone().unwrap();
        let held = |process| FileLock {
            file: file.try_clone().unwrap(),
            process,
        };
        drop(held(process::id() ^ 1));
        assert!(!is_free(&other));
        drop(held(process::id()));
        assert!(is_free(&other));
        drop(copy);
        fs::remove_file(path).unwrap();
    }
}
