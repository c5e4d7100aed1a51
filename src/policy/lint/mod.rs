//! What is probably not meant: policies that load, and say something else than their author thinks.

mod budgets;
mod entries;
mod limits;
mod logic;
mod names;
mod notes;
mod outline;
mod patterns;
mod prefixes;
mod values;

use super::AgentPolicy;
use crate::finding::Finding;
use entries::Entries;
use notes::Notes;
use outline::Outline;

impl AgentPolicy {
    /// Looks for what a policy probably does not mean: rules that say nothing, that nothing can hold to, or that let more
    /// pass than they seem to.
    ///
    /// The findings come in the order of the document. A policy that yields none may still be wrong, and one that yields
    /// some decides as it is written: nothing here changes a decision. What is said to be without effect or out of reach
    /// is certain; what a name or a pattern looks like is a guess.
    ///
    /// This is for whoever writes a policy, not for each start of a program: where many patterns cover each other, or long
    /// lists are held against each other, it takes time that grows with the square of their number.
    ///
    /// ```
    /// use portcullis::{AgentPolicy, Lint};
    ///
    /// let policy = AgentPolicy::from_json(r#"{"agent_id": "spiffe://example.org/a", "permissions": [
    ///     {"tool_name": "fetch", "allowed_params": {"url": {"prefix": "https://example.com"}}}]}"#)?;
    /// let findings = policy.lint();
    /// assert_eq!(findings[0].kind(), Lint::PrefixInsideHost);
    /// assert_eq!(findings[0].line(), Some(2));
    /// assert!(findings[0].why().contains("https://example.com.evil.example/"));
    /// # Ok::<(), portcullis::LoadError>(())
    /// ```
    #[must_use]
    pub fn lint(&self) -> Vec<Finding> {
        let source = self.source.0.as_ref();
        let outline = source.map_or_else(Outline::default, Outline::of);
        let mut notes = Notes::new(source);
        let entries = Entries::new(self, &outline);
        for entry in entries.iter() {
            entries.look_at(entry, &mut notes);
            names::look_at(entry, &mut notes);
            values::look_at(entry, &mut notes);
            limits::look_at(entry, &entries, &mut notes);
            budgets::look_at(entry, &entries, &mut notes);
        }
        notes.in_document_order()
    }
}
