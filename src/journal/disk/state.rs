//! What is on the disk, and in which states a crash may leave it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::time::Duration;

use super::Fault;

/// What is on the disk, and what is only in the system's memory.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<String, usize>,
    pub(super) synced_names: BTreeMap<String, usize>,
    pub(super) is_locked: bool,
    pub(super) operations: usize,
    pub(super) fault: Option<(usize, Fault)>,
    pub(super) is_full: bool,
    pub(super) fails_at_its_end: bool,
    /// Before this operation the content of a file becomes another, as by another process.
    pub(super) replacement: Option<(usize, String, Vec<u8>)>,
    /// The most that one write takes.
    pub(crate) longest_write: Option<usize>,
    pub(crate) syncs: usize,
    pub(crate) writes: usize,
    pub(crate) sync_takes: Duration,
}

#[derive(Clone, Default)]
pub(super) struct Inode {
    pub(super) data: Vec<u8>,
    pub(super) synced: Vec<u8>,
}

impl State {
    /// As when the process has died, and the machine goes on: nothing is lost, but what was not synced still may be.
    pub(crate) fn after_the_process(&self) -> Self {
        Self {
            inodes: self.inodes.clone(),
            names: self.names.clone(),
            synced_names: self.synced_names.clone(),
            ..Self::default()
        }
    }

    /// All that a later process or crash can make a difference of.
    pub(crate) fn content(&self) -> impl Eq + Hash + use<> {
        let inodes = self
            .inodes
            .iter()
            .map(|inode| (inode.data.clone(), inode.synced.clone()));
        (
            self.names.clone(),
            self.synced_names.clone(),
            inodes.collect::<Vec<_>>(),
        )
    }

    pub(super) fn replace(&mut self, operation: usize) {
        if let Some((_, name, data)) = self.replacement.take_if(|(at, ..)| *at == operation) {
            let inode = self.names[&name];
            self.inodes[inode].data = data;
        }
    }

    pub(super) fn crashes(&self, step: usize) -> Vec<Self> {
        let mut all = Vec::new();
        for names in self.surviving_names() {
            let mut states = vec![Self {
                names: names.clone(),
                synced_names: names.clone(),
                inodes: self.inodes.clone(),
                ..Self::default()
            }];
            // One that is being renamed may stand under both names.
            let inodes: BTreeSet<usize> = names.values().copied().collect();
            for inode in inodes {
                let contents = self.inodes[inode].surviving(step);
                let with = |state: Self| {
                    contents.iter().map(move |content| {
                        let mut state = state.clone();
                        state.inodes[inode] = Inode {
                            data: content.clone(),
                            synced: content.clone(),
                        };
                        state
                    })
                };
                states = states.into_iter().flat_map(with).collect();
            }
            all.extend(states);
        }
        all
    }

    /// Of the entries that were made or removed since the last sync of the directory, any may have got to the disk.
    fn surviving_names(&self) -> Vec<BTreeMap<String, usize>> {
        let all: BTreeSet<&String> = self.names.keys().chain(self.synced_names.keys()).collect();
        let mut survivors = vec![BTreeMap::new()];
        for name in all {
            let choices: BTreeSet<Option<&usize>> =
                [self.names.get(name), self.synced_names.get(name)].into();
            survivors = survivors
                .into_iter()
                .flat_map(|names| {
                    choices.iter().map(move |choice| {
                        let mut names = names.clone();
                        names.extend(choice.map(|&inode| (name.clone(), inode)));
                        names
                    })
                })
                .collect();
        }
        survivors
    }
}

impl Inode {
    /// What of this file a crash may leave, with cuts at every `step`-th byte of what was not synced.
    fn surviving(&self, step: usize) -> BTreeSet<Vec<u8>> {
        let mut survivors = BTreeSet::from([self.synced.clone(), self.data.clone()]);
        let common = self.synced.len().min(self.data.len());
        if self.data[..common] != self.synced[..common] {
            self.overwritten(common, step, &mut survivors);
        } else if self.data.len() > common {
            self.grown(common, step, &mut survivors);
        }
        survivors
    }

    /// Of the bytes behind the last sync, any prefix may have got to the disk; the file may have its full length and zeros
    /// where data did not, also before data that did: up to there, or in a short stretch.
    fn grown(&self, from: usize, step: usize, survivors: &mut BTreeSet<Vec<u8>>) {
        for kept in (from..self.data.len()).step_by(step) {
            survivors.insert(self.data[..kept].to_vec());
            for lost in [kept..self.data.len(), from..kept, kept..kept + SHORT] {
                let mut hole = self.data.clone();
                let end = lost.end.min(hole.len());
                hole[lost.start..end].fill(0);
                survivors.insert(hole);
            }
        }
    }

    /// Of bytes that were overwritten, any may have got to the disk: those before a place, those behind, or a short
    /// stretch. And so may, apart from that, the present length of the file.
    fn overwritten(&self, common: usize, step: usize, survivors: &mut BTreeSet<Vec<u8>>) {
        let differs = |&at: &usize| self.data[at] != self.synced[at];
        let first = (0..common).find(differs).unwrap_or(common);
        let end = (0..common).rfind(differs).map_or(first, |last| last + 1);
        for cut in (first..=end).step_by(step) {
            for written in [first..cut, cut..end, cut..cut + SHORT] {
                let written = written.start..written.end.min(end);
                for tail in [&self.synced, &self.data] {
                    let mut mix = [&self.synced[..common], &tail[common..]].concat();
                    mix[written.clone()].copy_from_slice(&self.data[written.clone()]);
                    survivors.insert(mix);
                }
            }
        }
    }
}

/// A stretch that got to the disk, or did not, by itself.
const SHORT: usize = 16;
