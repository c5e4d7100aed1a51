//! Files and standard input, a line at a time, in bounded memory.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use portcullis::Plain;
use serde::Deserialize;

/// The longest line. A trace with every prompt and result in it has a few hundred kilobytes.
const MAX_LINE: usize = 16 << 20;
const CHUNK: usize = 256 << 10;

/// What is wrong with an input, and where.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub(crate) struct InputError {
    /// The file, with line and column where there are any.
    place: String,
    problem: String,
}

/// Where input comes from.
pub(crate) struct Input {
    name: String,
    reader: Box<dyn Read>,
    /// Bytes, if that is known.
    size: Option<u64>,
}

impl Input {
    /// `-` is standard input.
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        if path == Path::new("-") {
            return Ok(Self::stdin());
        }
        let name = format!("{:#}", Plain(&path.display().to_string()));
        let opened = File::open(path).and_then(|file| file.metadata().map(|meta| (file, meta)));
        let (file, meta) = opened.map_err(|error| whole(&name, error.to_string()))?;
        if meta.is_dir() {
            return Err(whole(&name, "is a directory".to_owned()));
        }
        Ok(Self {
            name,
            reader: Box::new(file),
            size: meta.is_file().then_some(meta.len()),
        })
    }

    pub(crate) fn stdin() -> Self {
        Self {
            name: "standard input".to_owned(),
            reader: Box::new(io::stdin().lock()),
            size: None,
        }
    }

    /// Everything, for input that is one value.
    pub(crate) fn read_all(self) -> Result<String, InputError> {
        let Self { name, reader, .. } = self;
        let mut bytes = Vec::new();
        reader
            .take(MAX_LINE as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| whole(&name, error.to_string()))?;
        if bytes.len() > MAX_LINE {
            return Err(whole(&name, too_long("the text")));
        }
        String::from_utf8(bytes).map_err(|_| whole(&name, "is not UTF-8".to_owned()))
    }

    pub(crate) fn lines(self) -> Lines {
        Lines {
            name: self.name,
            reader: BufReader::with_capacity(CHUNK, self.reader),
            size: self.size,
            line: Vec::new(),
            number: 0,
            bytes: 0,
        }
    }
}

/// All inputs of a verb in turn; standard input if none is named.
pub(crate) fn paths_or_stdin(paths: &[PathBuf]) -> Vec<PathBuf> {
    if paths.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        paths.to_vec()
    }
}

/// Reads line by line into one buffer that is used again.
pub(crate) struct Lines {
    name: String,
    reader: BufReader<Box<dyn Read>>,
    size: Option<u64>,
    line: Vec<u8>,
    /// The number of the line read last, from 1.
    number: u64,
    /// Bytes read so far.
    bytes: u64,
}

impl Lines {
    /// Whether the next line may take its time to come.
    pub(crate) fn must_wait(&self) -> bool {
        self.reader.buffer().is_empty()
    }

    /// Goes on to the next line that is not blank; `false` at the end. The last line need not end in a newline.
    pub(crate) fn advance(&mut self) -> Result<bool, InputError> {
        loop {
            self.line.clear();
            let mut bounded = (&mut self.reader).take(MAX_LINE as u64 + 1);
            let read = bounded
                .read_until(b'\n', &mut self.line)
                .map_err(|error| whole(&self.name, error.to_string()))?;
            if read == 0 {
                return Ok(false);
            }
            self.number += 1;
            self.bytes += read as u64;
            if read > MAX_LINE {
                return Err(self.error(None, too_long("the line")));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line that [`advance`](Self::advance) went to, as JSON.
    pub(crate) fn json<'l, T: Deserialize<'l>>(&'l self) -> Result<T, InputError> {
        let text = std::str::from_utf8(&self.line)
            .map_err(|error| self.error(Some(error.valid_up_to() + 1), "not UTF-8".to_owned()))?;
        serde_json::from_str(text.trim_end()).map_err(|error| {
            let column = (error.column() > 0).then_some(error.column());
            self.error(column, json_problem(&error))
        })
    }

    /// `file:line`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.name, self.number)
    }

    /// Bytes read so far, and of how many, if that is known.
    pub(crate) fn progress(&self) -> (u64, Option<u64>) {
        (self.bytes, self.size)
    }

    /// What is wrong with the line as a whole.
    pub(crate) fn problem(&self, problem: String) -> InputError {
        self.error(None, problem)
    }

    fn error(&self, column: Option<usize>, problem: String) -> InputError {
        let place = match column {
            Some(column) => format!("{}:{column}", self.place()),
            None => self.place(),
        };
        InputError { place, problem }
    }
}

/// What serde_json says without the place, made plain, since it may quote the input.
pub(crate) fn json_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let problem = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(text, _)| text);
    Plain(problem).to_string()
}

fn too_long(what: &str) -> String {
    format!("{what} is longer than {} MiB", MAX_LINE >> 20)
}

fn whole(name: &str, problem: String) -> InputError {
    let place = name.to_owned();
    InputError { place, problem }
}
