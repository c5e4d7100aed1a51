//! A regular expression matcher that is obviously right: sets of positions, no automaton.
//!
//! It knows a part of the syntax only, and says so by `None` for the rest.

/// A parsed pattern.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Class(Class),
    Start,
    End,
    Concat(Vec<Node>),
    Alternation(Vec<Node>),
    Repeat {
        inner: Box<Node>,
        min: u32,
        max: Option<u32>,
    },
}

/// A set of characters.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) ranges: Vec<(char, char)>,
    pub(crate) negated: bool,
    pub(crate) ignore_case: bool,
}

impl Class {
    pub(crate) fn holds(&self, c: char) -> bool {
        let within = |c: char| {
            self.ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&c))
        };
        let folded =
            self.ignore_case && (within(c.to_ascii_lowercase()) || within(c.to_ascii_uppercase()));
        (within(c) || folded) != self.negated
    }
}

/// Whether the whole of `text` matches.
pub(crate) fn matches(node: &Node, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    ends(node, &text, &[0]).contains(&text.len())
}

/// Where matches that begin at one of `starts` may end, sorted.
fn ends(node: &Node, text: &[char], starts: &[usize]) -> Vec<usize> {
    match node {
        Node::Class(class) => starts
            .iter()
            .filter(|at| text.get(**at).is_some_and(|c| class.holds(*c)))
            .map(|at| at + 1)
            .collect(),
        Node::Start => starts.iter().copied().filter(|at| *at == 0).collect(),
        Node::End => starts
            .iter()
            .copied()
            .filter(|at| *at == text.len())
            .collect(),
        Node::Concat(parts) => parts
            .iter()
            .fold(starts.to_vec(), |from, part| ends(part, text, &from)),
        Node::Alternation(parts) => sorted(
            parts
                .iter()
                .flat_map(|part| ends(part, text, starts))
                .collect(),
        ),
        Node::Repeat { inner, min, max } => {
            let mut now = starts.to_vec();
            for _ in 0..*min {
                let next = ends(inner, text, &now);
                if next == now {
                    break;
                }
                now = next;
            }
            let mut all = now.clone();
            let mut times = *min;
            while max.is_none_or(|max| times < max) {
                now = ends(inner, text, &now);
                let grown = sorted([all.clone(), now.clone()].concat());
                // Without an upper bound nothing new can follow; with one, what is new may still come later.
                if grown == all && (max.is_none() || now.is_empty()) {
                    break;
                }
                all = grown;
                times += 1;
            }
            all
        }
    }
}

fn sorted(mut positions: Vec<usize>) -> Vec<usize> {
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// Reads a pattern; `None` if it uses syntax that this does not know, or would take too long.
pub(crate) fn parse(source: &str) -> Option<Node> {
    let (ignore_case, rest) = match source.strip_prefix("(?i)") {
        Some(rest) => (true, rest),
        None => (false, source),
    };
    let mut parser = Parser {
        rest: rest.chars().collect(),
        at: 0,
        ignore_case,
        depth: 0,
    };
    let node = parser.alternation()?;
    (parser.at == parser.rest.len()).then_some(node)
}

struct Parser {
    rest: Vec<char>,
    at: usize,
    ignore_case: bool,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn alternation(&mut self) -> Option<Node> {
        let mut parts = vec![self.concat()?];
        while self.eat('|') {
            parts.push(self.concat()?);
        }
        Some(Node::Alternation(parts))
    }

    fn concat(&mut self) -> Option<Node> {
        let mut parts = Vec::new();
        while !matches!(self.peek(), None | Some('|' | ')')) {
            let atom = self.atom()?;
            parts.push(self.repeated(atom)?);
        }
        Some(Node::Concat(parts))
    }

    fn atom(&mut self) -> Option<Node> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            '(' => {
                self.depth += 1;
                if self.depth > 8 {
                    return None;
                }
                if self.eat('?') && !self.eat(':') {
                    return None;
                }
                let inner = self.alternation()?;
                self.depth -= 1;
                if !self.eat(')') {
                    return None;
                }
                inner
            }
            '[' => Node::Class(self.bracket()?),
            '.' => self.class(vec![('\n', '\n')], true),
            '^' => Node::Start,
            '$' => Node::End,
            '\\' => {
                let (ranges, negated) = self.escape()?;
                self.class(ranges, negated)
            }
            '*' | '+' | '?' | '{' | '}' | ']' => return None,
            c => self.class(vec![(c, c)], false),
        })
    }

    fn class(&self, ranges: Vec<(char, char)>, negated: bool) -> Node {
        Node::Class(Class {
            ranges,
            negated,
            ignore_case: self.ignore_case,
        })
    }

    fn escape(&mut self) -> Option<(Vec<(char, char)>, bool)> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            'd' => (vec![('0', '9')], false),
            'D' => (vec![('0', '9')], true),
            'w' => (vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')], false),
            's' => (vec![(' ', ' '), ('\t', '\r')], false),
            'n' => (vec![('\n', '\n')], false),
            'A' | 'z' | 'b' | 'B' => return None,
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' | '\\'
            | '/' | '-' => (vec![(c, c)], false),
            _ => return None,
        })
    }

    /// Single characters, ranges and `\d`, `\w`, `\s`.
    fn bracket(&mut self) -> Option<Class> {
        let negated = self.eat('^');
        let mut ranges = Vec::new();
        loop {
            match self.peek()? {
                ']' if ranges.is_empty() => return None,
                ']' => break,
                '[' | '&' | '~' | '-' | '^' => return None,
                '\\' => {
                    self.at += 1;
                    let (more, negated) = self.escape()?;
                    if negated || self.peek() == Some('-') {
                        return None;
                    }
                    ranges.extend(more);
                }
                from => {
                    self.at += 1;
                    let to = if self.eat('-') {
                        self.peek().filter(|to| to.is_ascii_alphanumeric())?
                    } else {
                        from
                    };
                    self.at += usize::from(self.rest.get(self.at - 1) == Some(&'-'));
                    if from > to {
                        return None;
                    }
                    ranges.push((from, to));
                }
            }
        }
        self.at += 1;
        Some(Class {
            ranges,
            negated,
            ignore_case: self.ignore_case,
        })
    }

    fn repeated(&mut self, atom: Node) -> Option<Node> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let min = self.number()?;
                let max = if self.eat(',') {
                    if self.peek() == Some('}') {
                        None
                    } else {
                        Some(self.number()?)
                    }
                } else {
                    Some(min)
                };
                if self.peek() != Some('}') || max.is_some_and(|max| max < min) {
                    return None;
                }
                (min, max)
            }
            _ => return Some(atom),
        };
        self.at += 1;
        // Repeating an anchor is where engines differ, and so are repetitions of repetitions.
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            return None;
        }
        Some(Node::Repeat {
            inner: Box::new(atom),
            min,
            max,
        })
    }

    fn number(&mut self) -> Option<u32> {
        let digits: String = self
            .rest
            .get(self.at..)?
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .collect();
        self.at += digits.len();
        digits.parse().ok().filter(|number| *number <= 64)
    }
}
