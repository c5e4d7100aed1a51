//! From the syntax tree of a pattern to what it means.
//!
//! The syntax is parsed by `regex-syntax`; the meaning is given here rather than by its own translator, because that
//! one reads `\d`, `\w`, `\b` and `(?i)` by Unicode tables that come and go with Cargo features.

use regex_syntax::ast::{
    self, Ast, ClassAsciiKind, ClassPerlKind, ClassSet, ClassSetBinaryOpKind, ClassSetItem,
    ClassUnicodeKind, ClassUnicodeOpKind, ErrorKind, Flag, FlagsItemKind, GroupKind,
    RepetitionKind, RepetitionRange,
};
use regex_syntax::hir::{
    Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, HirKind, Look, Repetition,
};

use super::{PatternError, Problem};

/// Deepest nesting of groups, repetitions and classes; bounds the recursion below.
pub(super) const MAX_NESTING: u32 = 50;

/// Translates a pattern to an expression over whole Unicode scalar values.
pub(super) fn translate(source: &str) -> Result<Hir, PatternError> {
    let ast = ast::parse::ParserBuilder::new()
        .nest_limit(MAX_NESTING)
        .build()
        .parse(source)
        .map_err(|error| syntax_error(&error))?;
    Translator::default().expression(&ast)
}

#[derive(Clone, Copy, Default)]
struct Translator {
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
}

impl Translator {
    fn expression(&mut self, ast: &Ast) -> Result<Hir, PatternError> {
        Ok(match ast {
            Ast::Empty(_) => Hir::empty(),
            Ast::Flags(set) => {
                self.set_flags(&set.flags)?;
                Hir::empty()
            }
            Ast::Literal(literal) => self.literal(literal.c),
            Ast::Dot(_) if self.dot_all => Hir::dot(Dot::AnyChar),
            Ast::Dot(_) => Hir::dot(Dot::AnyCharExceptLF),
            Ast::Assertion(assertion) => Hir::look(self.look(&assertion.kind)),
            Ast::ClassUnicode(class) => self.class(self.unicode(class)?),
            Ast::ClassPerl(perl) => self.class(ascii_class(perl_ranges(&perl.kind), perl.negated)),
            Ast::ClassBracketed(bracketed) => self.class(self.bracketed(bracketed)?),
            Ast::Repetition(repetition) => {
                let (min, max) = bounds(&repetition.op.kind);
                Hir::repetition(Repetition {
                    min,
                    max,
                    greedy: true,
                    sub: Box::new(self.expression(&repetition.ast)?),
                })
            }
            Ast::Group(group) => {
                let outer = *self;
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    self.set_flags(flags)?;
                }
                let inner = self.expression(&group.ast)?;
                *self = outer;
                inner
            }
            Ast::Alternation(alternation) => Hir::alternation(self.each(&alternation.asts)?),
            Ast::Concat(concat) => Hir::concat(self.each(&concat.asts)?),
        })
    }

    fn each(&mut self, asts: &[Ast]) -> Result<Vec<Hir>, PatternError> {
        asts.iter().map(|ast| self.expression(ast)).collect()
    }

    fn set_flags(&mut self, flags: &ast::Flags) -> Result<(), PatternError> {
        let mut on = true;
        for item in &flags.items {
            let refuse = |problem| Err(PatternError::new(item.span.start.offset, problem));
            match item.kind {
                FlagsItemKind::Negation => on = false,
                FlagsItemKind::Flag(Flag::CaseInsensitive) => self.ignore_case = on,
                FlagsItemKind::Flag(Flag::MultiLine) => self.multi_line = on,
                FlagsItemKind::Flag(Flag::DotMatchesNewLine) => self.dot_all = on,
                // The parser has already left the white space out.
                FlagsItemKind::Flag(Flag::IgnoreWhitespace) => {}
                FlagsItemKind::Flag(Flag::Unicode) if on => {}
                FlagsItemKind::Flag(Flag::Unicode) => return refuse(Problem::Bytes),
                FlagsItemKind::Flag(Flag::SwapGreed) => return refuse(Problem::Flag('U')),
                FlagsItemKind::Flag(Flag::CRLF) => return refuse(Problem::Flag('R')),
            }
        }
        Ok(())
    }

    fn literal(&self, c: char) -> Hir {
        if self.ignore_case && c.is_ascii_alphabetic() {
            return self.class(class([(c, c)]));
        }
        Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes())
    }

    fn look(&self, kind: &ast::AssertionKind) -> Look {
        use ast::AssertionKind as Kind;
        match kind {
            Kind::StartLine if self.multi_line => Look::StartLF,
            Kind::EndLine if self.multi_line => Look::EndLF,
            Kind::StartLine | Kind::StartText => Look::Start,
            Kind::EndLine | Kind::EndText => Look::End,
            Kind::WordBoundary => Look::WordAscii,
            Kind::NotWordBoundary => Look::WordAsciiNegate,
            Kind::WordBoundaryStart | Kind::WordBoundaryStartAngle => Look::WordStartAscii,
            Kind::WordBoundaryEnd | Kind::WordBoundaryEndAngle => Look::WordEndAscii,
            Kind::WordBoundaryStartHalf => Look::WordStartHalfAscii,
            Kind::WordBoundaryEndHalf => Look::WordEndHalfAscii,
        }
    }

    fn class(&self, mut class: ClassUnicode) -> Hir {
        self.fold(&mut class);
        Hir::class(Class::Unicode(class))
    }

    fn bracketed(&self, bracketed: &ast::ClassBracketed) -> Result<ClassUnicode, PatternError> {
        let mut class = self.class_set(&bracketed.kind)?;
        self.fold(&mut class);
        Ok(negate_if(bracketed.negated, class))
    }

    fn class_set(&self, set: &ClassSet) -> Result<ClassUnicode, PatternError> {
        let op = match set {
            ClassSet::Item(item) => {
                let mut ranges = Vec::new();
                self.collect(item, &mut ranges)?;
                return Ok(ClassUnicode::new(ranges));
            }
            ClassSet::BinaryOp(op) => op,
        };
        let mut left = self.class_set(&op.lhs)?;
        let mut right = self.class_set(&op.rhs)?;
        // Folding the result instead would lose `[A&&a]`, which holds both under `(?i)`.
        self.fold(&mut left);
        self.fold(&mut right);
        match op.kind {
            ClassSetBinaryOpKind::Intersection => left.intersect(&right),
            ClassSetBinaryOpKind::Difference => left.difference(&right),
            ClassSetBinaryOpKind::SymmetricDifference => left.symmetric_difference(&right),
        }
        Ok(left)
    }

    /// Gathers the ranges of one item; sorting them once, not at each item, keeps long classes linear.
    fn collect(
        &self,
        item: &ClassSetItem,
        ranges: &mut Vec<ClassUnicodeRange>,
    ) -> Result<(), PatternError> {
        match item {
            ClassSetItem::Empty(_) => {}
            ClassSetItem::Literal(literal) => {
                ranges.push(ClassUnicodeRange::new(literal.c, literal.c));
            }
            ClassSetItem::Range(range) => {
                ranges.push(ClassUnicodeRange::new(range.start.c, range.end.c));
            }
            ClassSetItem::Ascii(posix) => {
                let mut class = class(posix_ranges(&posix.kind).iter().copied());
                self.fold(&mut class);
                ranges.extend_from_slice(negate_if(posix.negated, class).ranges());
            }
            ClassSetItem::Perl(perl) => {
                let class = ascii_class(perl_ranges(&perl.kind), perl.negated);
                ranges.extend_from_slice(class.ranges());
            }
            ClassSetItem::Unicode(unicode) => {
                ranges.extend_from_slice(self.unicode(unicode)?.ranges());
            }
            ClassSetItem::Bracketed(inner) => {
                ranges.extend_from_slice(self.bracketed(inner)?.ranges());
            }
            ClassSetItem::Union(union) => {
                for item in &union.items {
                    self.collect(item, ranges)?;
                }
            }
        }
        Ok(())
    }

    fn unicode(&self, class: &ast::ClassUnicode) -> Result<ClassUnicode, PatternError> {
        let unknown = || PatternError::new(class.span.start.offset, Problem::UnicodeClass);
        let mut set = match &class.kind {
            ClassUnicodeKind::OneLetter(letter) => property("gc", letter.encode_utf8(&mut [0; 4])),
            // The kind of property is always named, so that one from another table is never found by its bare name.
            ClassUnicodeKind::Named(name) => property("gc", name).or_else(|| property("sc", name)),
            ClassUnicodeKind::NamedValue { name, value, .. } => {
                kind_of_property(name).and_then(|kind| property(kind, value))
            }
        }
        .ok_or_else(unknown)?;
        self.fold(&mut set);
        let unequal = matches!(
            class.kind,
            ClassUnicodeKind::NamedValue {
                op: ClassUnicodeOpKind::NotEqual,
                ..
            }
        );
        Ok(negate_if(class.negated != unequal, set))
    }

    fn fold(&self, class: &mut ClassUnicode) {
        if self.ignore_case {
            let other_case: Vec<_> = class.iter().flat_map(swap_case).flatten().collect();
            class.union(&ClassUnicode::new(other_case));
        }
    }
}

/// The ASCII letters of a range in their other case.
fn swap_case(range: &ClassUnicodeRange) -> [Option<ClassUnicodeRange>; 2] {
    [('a', 'z'), ('A', 'Z')].map(|(first, last)| {
        let (start, end) = (range.start().max(first), range.end().min(last));
        let swap = |c: char| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        };
        (start <= end).then(|| ClassUnicodeRange::new(swap(start), swap(end)))
    })
}

fn class(ranges: impl IntoIterator<Item = (char, char)>) -> ClassUnicode {
    ClassUnicode::new(
        ranges
            .into_iter()
            .map(|(first, last)| ClassUnicodeRange::new(first, last)),
    )
}

fn ascii_class(ranges: &[(char, char)], negated: bool) -> ClassUnicode {
    negate_if(negated, class(ranges.iter().copied()))
}

fn negate_if(negated: bool, mut class: ClassUnicode) -> ClassUnicode {
    if negated {
        class.negate();
    }
    class
}

fn bounds(kind: &RepetitionKind) -> (u32, Option<u32>) {
    match kind {
        RepetitionKind::ZeroOrOne => (0, Some(1)),
        RepetitionKind::ZeroOrMore => (0, None),
        RepetitionKind::OneOrMore => (1, None),
        RepetitionKind::Range(RepetitionRange::Exactly(n)) => (*n, Some(*n)),
        RepetitionKind::Range(RepetitionRange::AtLeast(n)) => (*n, None),
        RepetitionKind::Range(RepetitionRange::Bounded(min, max)) => (*min, Some(*max)),
    }
}

/// The kinds of property whose tables are compiled in by this crate's own features.
fn kind_of_property(name: &str) -> Option<&'static str> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("gc") || is("general_category") {
        Some("gc")
    } else if is("sc") || is("script") {
        Some("sc")
    } else if is("scx") || is("script_extensions") {
        Some("scx")
    } else {
        None
    }
}

/// Looks a property up by handing its one piece of source to the parser that owns the tables.
fn property(kind: &str, value: &str) -> Option<ClassUnicode> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' ');
    if value.is_empty() || !value.bytes().all(plain) {
        return None;
    }
    let hir = regex_syntax::parse(&format!("\\p{{{kind}={value}}}")).ok()?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        // A category with a single member, such as `\p{Zl}`, comes back as a literal.
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Some(class(text.chars().map(|c| (c, c))))
        }
        _ => None,
    }
}

fn perl_ranges(kind: &ClassPerlKind) -> &'static [(char, char)] {
    match kind {
        ClassPerlKind::Digit => posix_ranges(&ClassAsciiKind::Digit),
        ClassPerlKind::Space => posix_ranges(&ClassAsciiKind::Space),
        ClassPerlKind::Word => posix_ranges(&ClassAsciiKind::Word),
    }
}

fn posix_ranges(kind: &ClassAsciiKind) -> &'static [(char, char)] {
    match kind {
        ClassAsciiKind::Alnum => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        ClassAsciiKind::Alpha => &[('A', 'Z'), ('a', 'z')],
        ClassAsciiKind::Ascii => &[('\0', '\x7F')],
        ClassAsciiKind::Blank => &[('\t', '\t'), (' ', ' ')],
        ClassAsciiKind::Cntrl => &[('\0', '\x1F'), ('\x7F', '\x7F')],
        ClassAsciiKind::Digit => &[('0', '9')],
        ClassAsciiKind::Graph => &[('!', '~')],
        ClassAsciiKind::Lower => &[('a', 'z')],
        ClassAsciiKind::Print => &[(' ', '~')],
        ClassAsciiKind::Punct => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        ClassAsciiKind::Space => &[('\t', '\r'), (' ', ' ')],
        ClassAsciiKind::Upper => &[('A', 'Z')],
        ClassAsciiKind::Word => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        ClassAsciiKind::Xdigit => &[('0', '9'), ('A', 'F'), ('a', 'f')],
    }
}

fn syntax_error(error: &ast::Error) -> PatternError {
    let problem = match error.kind() {
        ErrorKind::NestLimitExceeded(_) => Problem::TooDeep,
        ErrorKind::UnsupportedLookAround => Problem::LookAround,
        ErrorKind::UnsupportedBackreference => Problem::Backreference,
        ErrorKind::UnicodeClassInvalid => Problem::UnicodeClass,
        kind => Problem::Syntax(kind.to_string()),
    };
    PatternError::new(error.span().start.offset, problem)
}
