use std::fmt;
use std::sync::Arc;

use crate::error::{Place, Source};
use crate::ids::{Principal, ToolPattern};
use crate::json::Span;

/// One permission of one policy, by reference.
#[derive(Clone, Copy, Debug)]
pub struct RuleRef<'a> {
    /// Whose policy it stands in.
    pub principal: &'a Principal,
    /// The tool name or pattern that it is for.
    pub tool: &'a ToolPattern,
    /// Its position among the policy's permissions, from 0.
    pub index: usize,
    pub(crate) source: Option<&'a Arc<Source>>,
    pub(crate) span: Span,
}

impl RuleRef<'_> {
    pub(crate) fn to_rule(self) -> Rule {
        Rule {
            principal: self.principal.clone(),
            tool: self.tool.clone(),
            index: self.index,
            place: self.source.map(|source| Place {
                source: Arc::clone(source),
                span: self.span,
            }),
        }
    }
}

/// The permission that decided: whose, for which tool, and where it stands.
#[derive(Clone, Debug)]
pub struct Rule {
    principal: Principal,
    tool: ToolPattern,
    index: usize,
    place: Option<Place>,
}

impl Rule {
    /// Whose policy it stands in.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The tool name or pattern that it is for.
    #[must_use]
    pub fn tool(&self) -> &ToolPattern {
        &self.tool
    }

    /// Its position among the policy's permissions, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn as_ref(&self) -> RuleRef<'_> {
        RuleRef {
            principal: &self.principal,
            tool: &self.tool,
            index: self.index,
            source: self.place.as_ref().map(|place| &place.source),
            span: self
                .place
                .as_ref()
                .map_or_else(Span::default, |place| place.span),
        }
    }

    /// `file:line:column`, if the policy came from text.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        self.place.as_ref().map(ToString::to_string)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "permission {} `{}` of {}",
            self.index + 1,
            self.tool,
            self.principal
        )?;
        match &self.place {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}
