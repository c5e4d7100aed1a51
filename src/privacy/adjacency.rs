//! Which data sets are neighbours.

/// What "one record more or less" means: the pairs of data sets that nobody is to tell apart.
///
/// It is public, and part of every promise. It decides the sensitivity, so it is asked for wherever one is made, and both the
/// sensitivity and what a release costs tell for which neighbours they hold. Replacing a record moves everything that is offered
/// here at least as far as adding one does. So a promise for [`ReplaceOne`](Self::ReplaceOne) is one for
/// [`AddRemove`](Self::AddRemove) as well, and not the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Adjacency {
    /// One record has another value. The number of records is no secret. Replacing moves a vector that is clipped to C by
    /// up to 2C.
    ReplaceOne,
    /// One record is there or is not. The number of records is protected as well. This moves a vector that is clipped to C
    /// by up to C, and replacing a record costs twice.
    AddRemove,
}
