//! Rows of numbers of which nothing stays behind.

use zeroize::{Zeroize, Zeroizing};

/// Rows of equal width, one behind another in memory. Whatever leaves, a row or the memory of a column that has grown, is
/// overwritten.
pub(super) struct Column<T: Zeroize> {
    /// All of it is initialised, so that what is not used can be seen to be zero.
    values: Zeroizing<Vec<T>>,
    width: usize,
    rows: usize,
}

impl<T: Zeroize + Copy + Default> Column<T> {
    /// No rows yet. The width is not 0.
    pub(super) fn new(width: usize) -> Self {
        Self {
            values: Zeroizing::default(),
            width,
            rows: 0,
        }
    }

    pub(super) fn push(&mut self, row: &[T]) {
        self.make_room();
        self.rows = self.rows.saturating_add(1);
        self.replace(self.rows.saturating_sub(1), row);
    }

    pub(super) fn replace(&mut self, place: usize, row: &[T]) {
        if let Some(old) = self.row_mut(place) {
            for (old, new) in old.iter_mut().zip(row) {
                *old = *new;
            }
        }
    }

    pub(super) fn row(&self, place: usize) -> Option<&[T]> {
        self.rows().nth(place)
    }

    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        let used = self.rows.saturating_mul(self.width);
        let used = self.values.get(..used).unwrap_or_default();
        used.chunks_exact(self.width)
    }

    /// Takes a row out and puts the last one in its place.
    pub(super) fn swap_remove(&mut self, place: usize) {
        let Some(last) = self.rows.checked_sub(1).filter(|last| place <= *last) else {
            return;
        };
        let start = last.saturating_mul(self.width);
        let (before, last_row) = self.values.split_at_mut(start);
        let at = place.saturating_mul(self.width);
        if let Some(row) = before.get_mut(at..at.saturating_add(self.width)) {
            for (row, last) in row.iter_mut().zip(&*last_row) {
                *row = *last;
            }
        }
        last_row.iter_mut().take(self.width).for_each(T::zeroize);
        self.rows = last;
    }

    fn row_mut(&mut self, place: usize) -> Option<&mut [T]> {
        if place >= self.rows {
            return None;
        }
        self.values.chunks_exact_mut(self.width).nth(place)
    }

    fn make_room(&mut self) {
        let capacity = self.values.len() / self.width;
        if self.rows < capacity {
            return;
        }
        let larger = capacity.saturating_mul(2).max(4).saturating_mul(self.width);
        let mut values = vec![T::default(); larger];
        for (new, old) in values.iter_mut().zip(self.values.iter()) {
            *new = *old;
        }
        // The old memory is overwritten as it is dropped.
        self.values = Zeroizing::new(values);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A column is a list of rows, and all memory beside these is zero.
        #[test]
        fn a_column_is_a_list_and_nothing_stays_behind(
            operations in prop::collection::vec((any::<bool>(), 0..12_usize, 1..u16::MAX), 0..60),
        ) {
            let (mut column, mut model) = (Column::<u16>::new(3), Vec::new());
            for (adds, place, value) in operations {
                let row = [value, value ^ 1, value];
                if adds {
                    column.push(&row);
                    model.push(row);
                } else if place < model.len() {
                    column.swap_remove(place);
                    model.swap_remove(place);
                } else {
                    column.swap_remove(place);
                    column.replace(place, &row);
                }
            }
            prop_assert!(column.rows().eq(model.iter().map(|row| &row[..])));
            prop_assert!(column.values[model.len() * 3..].iter().all(|value| *value == 0));
        }
    }
}
