//! The findings while they are gathered.

use std::sync::Arc;

use super::outline::Spot;
use crate::error::{Place, Source};
use crate::finding::{Finding, Lint, Says};
use crate::json::Span;

/// The findings so far, and the text that their places are in.
pub(super) struct Notes<'p> {
    source: Option<&'p Arc<Source>>,
    findings: Vec<Finding>,
}

impl<'p> Notes<'p> {
    pub(super) fn new(source: Option<&'p Arc<Source>>) -> Self {
        Self {
            source,
            findings: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, kind: Lint, spot: Spot<'_>, says: Says) {
        let place = self.place(spot.span());
        self.findings.push(Finding::new(kind, says, place));
    }

    /// As [`add`](Self::add), at a part of a string that is written at the spot.
    pub(super) fn add_within(
        &mut self,
        kind: Lint,
        spot: Spot<'_>,
        (text, part): (&str, std::ops::Range<usize>),
        says: Says,
    ) {
        let span = match (spot.span(), self.source) {
            (Some(whole), Some(source)) => Some(source.within_string(whole, text, part)),
            _ => None,
        };
        let place = self.place(span);
        self.findings.push(Finding::new(kind, says, place));
    }

    pub(super) fn line(&self, spot: Spot<'_>) -> Option<usize> {
        self.place(spot.span()).map(|place| place.position().0)
    }

    fn place(&self, span: Option<Span>) -> Option<Place> {
        let source = Arc::clone(self.source?);
        Some(Place {
            source,
            span: span?,
        })
    }

    /// Those without a place come last, in the order in which they were found.
    pub(super) fn in_document_order(mut self) -> Vec<Finding> {
        self.findings
            .sort_by_key(|finding| finding.starts_at().unwrap_or(u32::MAX));
        self.findings
    }
}
