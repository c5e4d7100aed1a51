//! Verifying proofs, step by step as RFC 9162 does.

use super::{Hash, LeafHash, ProofError, TreeHead};

/// RFC 9162, section 2.1.3.2.
pub(super) fn inclusion(
    leaf: LeafHash,
    index: u64,
    path: &[Hash],
    head: &TreeHead,
) -> Result<(), ProofError> {
    if index >= head.size {
        return Err(ProofError::IndexOutside {
            index,
            size: head.size,
        });
    }
    let mut climb = Climb {
        node: index,
        last: head.size.saturating_sub(1),
    };
    let mut root = leaf.node();
    for sibling in path {
        root = match climb.up()? {
            Side::Left => Hash::node(sibling, &root),
            Side::Right => Hash::node(&root, sibling),
        };
    }
    climb.finish()?;
    if root != head.root {
        return Err(ProofError::WrongRoot);
    }
    Ok(())
}

/// RFC 9162, section 2.1.4.2, and the trees of which it does not speak: an older tree that is empty or the same.
pub(super) fn consistency(old: &TreeHead, new: &TreeHead, path: &[Hash]) -> Result<(), ProofError> {
    if old.size > new.size {
        return Err(ProofError::Shrunk {
            old: old.size,
            new: new.size,
        });
    }
    let Some(last_of_old) = old.size.checked_sub(1) else {
        return from_empty(old, new, path);
    };
    if old.size == new.size {
        return unchanged(old, new, path);
    }
    let mut climb = Climb {
        node: last_of_old,
        last: new.size.saturating_sub(1),
    };
    climb.skip_complete();
    // The older tree is a node of the newer one if it is complete, and then its hash is known.
    let (start, path) = match path.split_first() {
        None => return Err(ProofError::WrongLength),
        Some(_) if old.size.is_power_of_two() => (&old.root, path),
        Some((start, path)) => (start, path),
    };
    let (mut old_root, mut new_root) = (*start, *start);
    for sibling in path {
        match climb.up()? {
            Side::Left => {
                old_root = Hash::node(sibling, &old_root);
                new_root = Hash::node(sibling, &new_root);
            }
            Side::Right => new_root = Hash::node(&new_root, sibling),
        }
    }
    climb.finish()?;
    if old_root != old.root {
        return Err(ProofError::WrongOldRoot);
    }
    if new_root != new.root {
        return Err(ProofError::WrongRoot);
    }
    Ok(())
}

fn from_empty(old: &TreeHead, new: &TreeHead, path: &[Hash]) -> Result<(), ProofError> {
    if !path.is_empty() {
        Err(ProofError::WrongLength)
    } else if old.root != Hash::empty() {
        Err(ProofError::WrongOldRoot)
    } else if new.size == 0 && new.root != old.root {
        Err(ProofError::WrongRoot)
    } else {
        Ok(())
    }
}

fn unchanged(old: &TreeHead, new: &TreeHead, path: &[Hash]) -> Result<(), ProofError> {
    if !path.is_empty() {
        Err(ProofError::WrongLength)
    } else if old.root != new.root {
        Err(ProofError::WrongRoot)
    } else {
        Ok(())
    }
}

/// Where the next sibling stands.
enum Side {
    Left,
    Right,
}

/// The way from a node up to the root: the index of the node and of the last one on its level (`fn` and `sn` in the
/// RFC).
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    /// Goes up one level to where there is a sibling, and tells on which side it was.
    fn up(&mut self) -> Result<Side, ProofError> {
        if self.last == 0 {
            return Err(ProofError::WrongLength);
        }
        let is_right = self.node & 1 == 1;
        let side = if is_right || self.node == self.last {
            // The last node of a level that has no sibling there is taken to the next level as it is.
            while self.node & 1 == 0 && self.node != 0 {
                self.shift();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.shift();
        Ok(side)
    }

    /// Goes up while the node is a right one.
    fn skip_complete(&mut self) {
        while self.node & 1 == 1 {
            self.shift();
        }
    }

    fn shift(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    fn finish(&self) -> Result<(), ProofError> {
        match self.last {
            0 => Ok(()),
            _ => Err(ProofError::WrongLength),
        }
    }
}
