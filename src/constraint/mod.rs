//! What one parameter may be.

mod answer;
mod check;
#[cfg(feature = "net")]
mod cidr;
mod diagnose;
mod document;
mod glob;
#[cfg(feature = "net")]
mod host;
mod parts;
mod path;
mod pattern;
#[cfg(feature = "schema")]
mod schema;
mod show;
#[cfg(feature = "net")]
mod url;

use std::collections::HashSet;
use std::sync::Arc;

pub(crate) use answer::Answer;
pub(crate) use diagnose::{Problem, length};
pub(crate) use document::{ConstraintReader, numbers_are_empty, sizes_are_empty, syntax};
pub(crate) use pattern::{Pattern, Spelling};

use crate::error::{LoadError, Unseen};
use crate::json::{Kind, Number, Span, Value};

/// What a parameter may be: a test of kind and value that every part of must hold.
///
/// A constraint is made from a policy document or by the functions below, and is valid once it exists. The
/// format reference lists every key. A value of a kind that the constraint does not speak of is refused,
/// also inside [`not`](Constraint::not).
///
/// ```
/// use portcullis::{AgentPolicy, Constraint, ToolPermission};
///
/// let permission = ToolPermission::new("query_market_data")?
///     .param("exchange", Constraint::one_of(["NYSE", "NASDAQ", "LSE"])?)
///     .param("symbol", Constraint::pattern("[A-Z]{1,5}")?)
///     .optional_param("depth", Constraint::range(1, 50)?);
/// # Ok::<(), portcullis::LoadError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Constraint(Arc<[Check]>);

/// One key of a constraint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Check {
    Any,
    OneOf(Values),
    Type(TypeName),
    Bound(Bound, Number),
    Pattern(pattern::Pattern),
    Prefix(String),
    Glob(glob::Glob),
    Path(path::PathRoots),
    #[cfg(feature = "net")]
    Host(host::Hosts),
    #[cfg(feature = "net")]
    Url(url::UrlRule),
    #[cfg(feature = "net")]
    Cidr(cidr::Cidrs),
    Length(Edge, usize),
    Items(Edge, usize),
    Each(Constraint),
    Fields(Fields),
    AllOf(Vec<Constraint>),
    AnyOf(Vec<Constraint>),
    Not(Constraint),
}

/// Which side of a number is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Min,
    Max,
    Above,
    Below,
}

/// Which end of a size is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Min,
    Max,
}

/// The words of `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeName {
    Exactly(Kind),
    /// An integer or a float.
    Number,
}

/// The members of `one_of`, in document order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Values {
    members: Box<[Value]>,
    /// For long lists: the strings among the members, sorted.
    strings: Box<[Box<str>]>,
    /// For long lists: the numbers among them.
    numbers: HashSet<Number>,
    kinds: Kinds,
}

/// Parameters of a tool, or fields of an object: a closed world, sorted by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields(pub(crate) Vec<Field>);

/// One named value and what it may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Box<str>,
    pub(crate) constraint: Constraint,
    /// May be absent.
    pub(crate) optional: bool,
    /// Where its name is written.
    pub(crate) span: Unseen<Span>,
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const ALL: Self = Self(0b111_1111);

    pub(crate) fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self(
            kinds
                .into_iter()
                .fold(0, |set, kind| set | (1 << kind as u8)),
        )
    }

    pub(crate) fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Kind> {
        const KINDS: [Kind; 7] = [
            Kind::Null,
            Kind::Boolean,
            Kind::Integer,
            Kind::Float,
            Kind::String,
            Kind::Array,
            Kind::Object,
        ];
        KINDS.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl Values {
    /// Lists longer than this are searched by halves.
    const LINEAR: usize = 12;

    fn new(members: Vec<Value>) -> Self {
        let kinds = Kinds::of(members.iter().map(Value::kind));
        let mut strings: Vec<Box<str>> = Vec::new();
        let mut numbers = HashSet::new();
        if members.len() > Self::LINEAR {
            numbers.extend(members.iter().filter_map(Value::as_number));
            strings.extend(members.iter().filter_map(Value::as_str).map(Box::from));
            strings.sort_unstable();
        }
        Self {
            members: members.into(),
            strings: strings.into(),
            numbers,
            kinds,
        }
    }
}

impl TypeName {
    fn kinds(self) -> Kinds {
        match self {
            Self::Exactly(kind) => Kinds::of([kind]),
            Self::Number => Kinds::of([Kind::Integer, Kind::Float]),
        }
    }

    /// `number` admits integers and floats; there is no word for a float alone.
    pub(crate) const WORDS: [(&'static str, Self); 7] = [
        ("string", Self::Exactly(Kind::String)),
        ("integer", Self::Exactly(Kind::Integer)),
        ("number", Self::Number),
        ("boolean", Self::Exactly(Kind::Boolean)),
        ("array", Self::Exactly(Kind::Array)),
        ("object", Self::Exactly(Kind::Object)),
        ("null", Self::Exactly(Kind::Null)),
    ];

    fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, name)| *name == self)
            .map_or("number", |(word, _)| word)
    }
}

/// Making constraints in code. Each function stands for the document key of its name.
impl Constraint {
    /// One of these values, by kind and value.
    ///
    /// # Errors
    /// [`LoadError`] if there are none.
    pub fn one_of<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Result<Self, LoadError> {
        let values = values.into_iter().map(Into::into).collect();
        Self::from_key("one_of", Value::Array(values))
    }

    /// A string that the regular expression matches from end to end.
    ///
    /// # Errors
    /// [`LoadError`] if the pattern is not valid or too large.
    pub fn pattern(pattern: &str) -> Result<Self, LoadError> {
        Self::from_key("pattern", pattern.into())
    }

    /// A string that begins so.
    ///
    /// # Errors
    /// [`LoadError`] if the prefix is empty.
    pub fn prefix(prefix: &str) -> Result<Self, LoadError> {
        Self::from_key("prefix", prefix.into())
    }

    /// A string that matches a glob; `*` stays within one `/` segment, `**` does not.
    ///
    /// # Errors
    /// [`LoadError`] if the glob is not valid.
    pub fn glob(glob: &str) -> Result<Self, LoadError> {
        Self::from_key("glob", glob.into())
    }

    /// An absolute path in normal form, at or under one of these.
    ///
    /// # Errors
    /// [`LoadError`] if a root is not such a path itself, or there is none.
    pub fn path<S: Into<String>>(roots: impl IntoIterator<Item = S>) -> Result<Self, LoadError> {
        let roots = roots
            .into_iter()
            .map(|root| Value::String(root.into()))
            .collect();
        Self::from_key("path", Value::Array(roots))
    }

    /// A number from `min` to `max`, both included.
    ///
    /// # Errors
    /// [`LoadError`] if `min` is above `max`.
    pub fn range(min: impl Into<Number>, max: impl Into<Number>) -> Result<Self, LoadError> {
        let entries = vec![
            ("min".to_owned(), Value::Number(min.into())),
            ("max".to_owned(), Value::Number(max.into())),
        ];
        Self::from_entries(entries)
    }

    /// A number of at least this.
    ///
    /// # Errors
    /// None at present.
    pub fn at_least(min: impl Into<Number>) -> Result<Self, LoadError> {
        Self::from_key("min", Value::Number(min.into()))
    }

    /// A number of at most this.
    ///
    /// # Errors
    /// None at present.
    pub fn at_most(max: impl Into<Number>) -> Result<Self, LoadError> {
        Self::from_key("max", Value::Number(max.into()))
    }

    /// A value of this type: `string`, `integer`, `number`, `boolean`, `array`, `object` or `null`.
    ///
    /// # Errors
    /// [`LoadError`] if the word is none of these.
    pub fn of_type(name: &str) -> Result<Self, LoadError> {
        Self::from_key("type", name.into())
    }

    /// Anything that is there, null included.
    #[must_use]
    pub fn any() -> Self {
        Self([Check::Any].into())
    }

    /// An array whose every element is so.
    #[must_use]
    pub fn each(element: Self) -> Self {
        Self([Check::Each(element)].into())
    }

    /// Anything of a kind that `inner` speaks of, but not what it admits.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "the document key is `not`, and this takes no receiver"
    )]
    pub fn not(inner: Self) -> Self {
        Self([Check::Not(inner)].into())
    }

    /// What this and `other` both admit.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let checks: Vec<Check> = self.0.iter().chain(other.0.iter()).cloned().collect();
        let repeats = |check: &Check| other.0.iter().any(|later| later.key() == check.key());
        if self.0.iter().any(repeats) || document::leave_nothing(&checks) {
            // One table of a document cannot say this.
            return Self([Check::AllOf(vec![self, other.clone()])].into());
        }
        Self(document::in_order(checks).into())
    }

    /// What any of these admits.
    ///
    /// # Errors
    /// [`LoadError`] if there are none.
    pub fn any_of(alternatives: impl IntoIterator<Item = Self>) -> Result<Self, LoadError> {
        document::non_empty("any_of", alternatives).map(|all| Self([Check::AnyOf(all)].into()))
    }

    /// Any constraint, as a policy document writes it.
    ///
    /// ```
    /// use portcullis::Constraint;
    ///
    /// let amount = Constraint::from_json(r#"{"above": 0, "max": 10000}"#)?;
    /// let typo = Constraint::from_json(r#"{"abov": 0}"#).unwrap_err();
    /// assert_eq!(typo.suggestion(), Some("did you mean `above`?"));
    /// # Ok::<(), portcullis::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// [`LoadError`] with the place in the text.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        document::from_json(text)
    }

    fn from_key(key: &str, value: Value) -> Result<Self, LoadError> {
        Self::from_entries(vec![(key.to_owned(), value)])
    }

    fn from_entries(entries: Vec<(String, Value)>) -> Result<Self, LoadError> {
        document::from_entries(entries)
    }
}
