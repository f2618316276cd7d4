//! YAML text -> nodes, within limits.
//!
//! The parser gives events; here they become a tree, with aliases and merge keys resolved and
//! duplicate keys reported. Invariant: the work is bounded by the limits below whatever the text
//! says, so a file from a stranger cannot hold the machine.

use super::node::{Node, NodeKind, Style, Text};
use crate::value::{Problem, Sources, Span};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};
use std::collections::HashMap;
use std::rc::Rc;

/// The longest file that is read, in bytes.
const LONGEST_FILE: usize = 2 << 20;
/// The deepest nesting of lists and maps, aliases followed.
const DEEPEST: usize = 64;
/// The most values in a file, aliases followed.
const MOST_NODES: usize = 200_000;
/// The most text in a file in bytes, aliases followed.
const MOST_TEXT: usize = 8 << 20;

/// How much a node holds, aliases followed.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text: usize,
    depth: usize,
}

impl Size {
    fn with(self, child: Size) -> Size {
        Size {
            nodes: self.nodes.saturating_add(child.nodes),
            text: self.text.saturating_add(child.text),
            depth: self.depth.max(child.depth + 1),
        }
    }
}

/// A list or map that is not finished.
struct Open {
    anchor: usize,
    span: Span,
    block: bool,
    size: Size,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<(Node, Node)>, key: Option<Node> },
}

struct Composer<'a> {
    sources: &'a Sources,
    file: u32,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, Size)>,
    root: Option<Node>,
    problems: Vec<Problem>,
}

/// Reads one file of `sources` as one YAML document.
///
/// Returns the document with the problems that do not stop the reading (such as duplicate keys), or
/// all problems where one does.
pub(super) fn compose(sources: &Sources, file: u32) -> Result<(Node, Vec<Problem>), Vec<Problem>> {
    let text = sources.get(file).map_or("", |source| &*source.text);
    if text.len() > LONGEST_FILE {
        let span = Span { file, start: 0, end: 0 };
        return Err(vec![
            Problem::at(span, format!("the file has {} bytes", text.len()))
                .hint(format!("at most {LONGEST_FILE} bytes are read; put long lists into files of their own")),
        ]);
    }
    let mut options = granit_parser::options! { flow_nesting_limit: DEEPEST, block_nesting_limit: DEEPEST };
    options.set_emit_comments(false);
    let composer =
        Composer { sources, file, open: Vec::new(), anchors: HashMap::new(), root: None, problems: Vec::new() };
    composer.run(Parser::new_from_str_with_options(text, options))
}

impl Composer<'_> {
    fn run<'input>(
        mut self,
        events: impl Iterator<Item = Result<(Event<'input>, granit_parser::Span), ScanError>>,
    ) -> Result<(Node, Vec<Problem>), Vec<Problem>> {
        let mut documents = 0;
        for event in events {
            let (event, place) = match event {
                Ok(found) => found,
                Err(err) => {
                    let problem = self.syntax(&err);
                    self.problems.push(problem);
                    return Err(self.problems);
                }
            };
            let span = self.span(&place);
            if let Event::DocumentStart(..) = event {
                documents += 1;
                if documents > 1 {
                    self.problems.push(
                        Problem::at(span, "a second document starts here")
                            .hint("a file holds one document: remove `---`"),
                    );
                    return Err(self.problems);
                }
            }
            if let Err(problem) = self.take(event, span) {
                self.problems.push(problem);
                return Err(self.problems);
            }
        }
        let nothing = Node { span: Span { file: self.file, start: 0, end: 0 }, kind: NodeKind::Null };
        Ok((self.root.unwrap_or(nothing), self.problems))
    }

    fn span(&self, place: &granit_parser::Span) -> Span {
        let offset = |marker: granit_parser::Marker| marker.byte_offset().unwrap_or(marker.index()) as u32;
        Span { file: self.file, start: offset(place.start), end: offset(place.end) }
    }

    fn syntax(&self, err: &ScanError) -> Problem {
        let start = err.marker().byte_offset().unwrap_or(err.marker().index()) as u32;
        let problem = Problem::at(Span { file: self.file, start, end: start }, format!("not YAML: {}", err.info()));
        match err.kind() {
            granit_parser::ErrorKind::RecursionLimitExceeded => {
                Problem { message: format!("lists and maps are nested more than {DEEPEST} deep"), ..problem }
            }
            granit_parser::ErrorKind::TabInBlockIndentation | granit_parser::ErrorKind::TabInIndentation => {
                problem.hint("indent with spaces")
            }
            _ => problem,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = scalar(&text, style, tag.as_deref(), span)?;
                self.put(node, Size { nodes: 1, text: text.len(), depth: 1 }, anchor)
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(Problem::at(span, "this alias stands inside the value that it means"));
                };
                self.put(node, size, 0)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.start(style, anchor, tag.as_deref(), span, Content::List(Vec::new()))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.start(style, anchor, tag.as_deref(), span, Content::Map { entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.finish(span),
            _ => Ok(()),
        }
    }

    fn start(
        &mut self,
        style: StructureStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
        content: Content,
    ) -> Result<(), Problem> {
        if let Some(tag) = tag {
            return Err(unknown_tag(tag, span));
        }
        let block = style == StructureStyle::Block;
        self.open.push(Open { anchor, span, block, size: Size { nodes: 1, text: 0, depth: 1 }, content });
        Ok(())
    }

    fn finish(&mut self, end: Span) -> Result<(), Problem> {
        let Some(Open { anchor, mut span, block, size, content }) = self.open.pop() else { return Ok(()) };
        let last = match &content {
            Content::List(items) => items.last(),
            Content::Map { entries, .. } => entries.last().map(|(_, value)| value),
        };
        // The end of a block is wherever the next line begins; its last value is what people see. An
        // alias stands elsewhere.
        span.end = match last {
            Some(last) if block && last.span.start >= span.start => last.span.end.max(span.start),
            Some(_) | None if block => span.start.max(span.end),
            _ => end.end.max(span.start),
        };
        let kind = match content {
            Content::List(items) => NodeKind::List(Rc::new(items)),
            Content::Map { entries, .. } => NodeKind::Map(Rc::new(self.entries(entries)?)),
        };
        self.put(Node { span, kind }, size, anchor)
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, node: Node, size: Size, anchor: usize) -> Result<(), Problem> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        if self.open.len() + size.depth > DEEPEST {
            return Err(Problem::at(node.span, format!("lists and maps are nested more than {DEEPEST} deep")));
        }
        let span = node.span;
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size = open.size.with(size);
        let size = open.size;
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, key } => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
        if size.nodes > MOST_NODES {
            return Err(too_much(span, "more values than", MOST_NODES));
        }
        if size.text > MOST_TEXT {
            return Err(too_much(span, "more bytes of text than", MOST_TEXT));
        }
        Ok(())
    }

    /// Checks the keys of a map and resolves its merge keys.
    fn entries(&mut self, entries: Vec<(Node, Node)>) -> Result<Vec<(Text, Node)>, Problem> {
        let mut found: Vec<(Text, Node)> = Vec::with_capacity(entries.len());
        let mut first: HashMap<Rc<str>, Span> = HashMap::new();
        let mut merges = Vec::new();
        for (key, value) in entries {
            let key = match key.kind {
                NodeKind::Scalar(key) => key,
                NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => {
                    let problem = Problem::at(key.span, format!("{} cannot be a key", key.describe()));
                    self.problems.push(problem.hint("a key is a word; quote it if it has special characters"));
                    continue;
                }
            };
            if key.as_str() == "<<" && key.style == Style::Plain {
                merges.push((found.len(), value));
                continue;
            }
            if let Some(&earlier) = first.get(&key.text) {
                let line = self.sources.position(earlier).0;
                self.problems.push(
                    Problem::at(key.span, format!("`{}` is given twice, first on line {line}", key.as_str()))
                        .hint("remove one of the two"),
                );
                continue;
            }
            first.insert(key.text.clone(), key.span);
            found.push((key, value));
        }
        // From the last, so that the earlier positions stay right; of several maps the first wins.
        let mut inserts = Vec::new();
        for (at, value) in merges {
            let maps: &[Node] = match &value.kind {
                NodeKind::List(items) => items,
                NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Map(_) => std::slice::from_ref(&value),
            };
            let mut merged = Vec::new();
            for map in maps {
                let NodeKind::Map(entries) = &map.kind else {
                    return Err(Problem::at(map.span, format!("`<<` wants a map, found {}", map.describe())));
                };
                for (key, value) in entries.iter() {
                    if !first.contains_key(&key.text) {
                        first.insert(key.text.clone(), key.span);
                        merged.push((key.clone(), value.clone()));
                    }
                }
            }
            inserts.push((at, merged));
        }
        for (at, merged) in inserts.into_iter().rev() {
            found.splice(at..at, merged);
        }
        Ok(found)
    }
}

fn too_much(span: Span, what: &str, limit: usize) -> Problem {
    Problem::at(span, format!("the file holds {what} {limit}"))
        .hint("aliases count as often as they are used; write the values to a file and name it with `{file: PATH}`")
}

fn unknown_tag(tag: &Tag, span: Span) -> Problem {
    Problem::at(span, format!("the tag `{}` means nothing here", tag.original()))
        .hint("remove it; quotes make a text of a number")
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Node, Problem> {
    let forced = match tag {
        None => false,
        Some(tag) if tag.is_yaml_core_schema_tag("str") => true,
        Some(tag) => return Err(unknown_tag(tag, span)),
    };
    let style = match style {
        ScalarStyle::Plain if forced => Style::Single,
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    };
    let kind = if style == Style::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        NodeKind::Null
    } else {
        NodeKind::Scalar(Text { text: text.into(), style, span })
    };
    Ok(Node { span, kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Problems;

    /// Shows the tree with quotes around what is surely a text, or the problems.
    fn read(text: &str) -> String {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        match compose(&sources, file) {
            Ok((node, problems)) if problems.is_empty() => show(&node),
            Ok((_, list)) | Err(list) => Problems { list, sources }.to_string(),
        }
    }

    fn show(node: &Node) -> String {
        match &node.kind {
            NodeKind::Null => "~".to_owned(),
            NodeKind::Scalar(text) if text.style == Style::Plain => text.as_str().to_owned(),
            NodeKind::Scalar(text) => format!("{:?}", text.as_str()),
            NodeKind::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            NodeKind::Map(entries) => {
                let entry = |(key, value): &(Text, Node)| format!("{}: {}", key.as_str(), show(value));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn documents() {
        let check = |text: &str, expected: &str| assert_eq!(read(text), expected, "{text}");
        check("", "~");
        check("a: 1.80\nb: \"1.10\"\nc: no\nd: 'x'\ne: ~\nf:\n", "{a: 1.80, b: \"1.10\", c: no, d: \"x\", e: ~, f: ~}");
        check("a: 123456789012345678901234567890.12345", "{a: 123456789012345678901234567890.12345}");
        check("a: !!str 1.10", "{a: \"1.10\"}");
        check("a: [1, [x, y], {k: v}]", "{a: [1, [x, y], {k: v}]}");
        check("a: |\n  x\n  y\n", "{a: \"x\\ny\\n\"}");
        check("a: &x [1, 2]\nb: *x\n", "{a: [1, 2], b: [1, 2]}");
        check("a: &x {k: 1, m: 2}\nb: {<<: *x, m: 3}\n", "{a: {k: 1, m: 2}, b: {k: 1, m: 3}}");
        check("a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}\n", "{a: {k: 1}, b: {k: 2, l: 2}, c: {k: 1, l: 2}}");
        check("\u{feff}a: 1\r\nb: 2\r\n", "{a: 1, b: 2}");
        check("---\na: 1\n...\n", "{a: 1}");
    }

    #[test]
    fn what_is_no_document() {
        let check = |text: &str, expected: &str| assert_eq!(read(text), expected, "{text}");
        check("a: 1\nb: 2\na: 3\n", "a.yaml:3:1: `a` is given twice, first on line 1 (remove one of the two)");
        check("a: {k: 1, 'k': 2}\n", "a.yaml:1:11: `k` is given twice, first on line 1 (remove one of the two)");
        check(
            "a: 1\n---\nb: 2\n",
            "a.yaml:2:1: a second document starts here (a file holds one document: remove `---`)",
        );
        check("a: *b\n", "a.yaml:1:4: not YAML: while parsing node, found unknown anchor");
        check("a: &x [*x]\n", "a.yaml:1:8: this alias stands inside the value that it means");
        check("a: {<<: 3}\n", "a.yaml:1:9: `<<` wants a map, found the number 3");
        check(
            "? [a]\n: 1\n",
            "a.yaml:1:3: a list cannot be a key (a key is a word; quote it if it has special characters)",
        );
        check(
            "a: !env X\n",
            "a.yaml:1:9: the tag `!env` means nothing here (remove it; quotes make a text of a number)",
        );
        check("a: [1, 2\nb: 3\n", "a.yaml:2:2: not YAML: illegal placement of ':' indicator");
        check("a: 1\n\tb: 2\n", "a.yaml:1:4: not YAML: while scanning a plain scalar, found a tab");
    }

    #[test]
    fn hostile_files_are_refused_within_limits() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let items = vec![format!("*a{}", level - 1); 9].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        let long_text = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 1000].join(", "));
        let block_depth: String = (0..3000).map(|depth| format!("{}-\n", " ".repeat(depth.min(600)))).collect();
        let alias_depth: String = std::iter::once("a0: &a0 x\n".to_owned())
            .chain((1..5000).map(|level| format!("a{level}: &a{level} [*a{}]\n", level - 1)))
            .collect();
        let cases = [
            ("laughs", laughs, "the file holds more values than 200000"),
            ("flow depth", "[".repeat(100_000), "lists and maps are nested more than 64 deep"),
            ("map depth", "{a: ".repeat(100_000), "lists and maps are nested more than 64 deep"),
            ("dashes", "- ".repeat(100_000), "lists and maps are nested more than 64 deep"),
            ("block depth", block_depth, "lists and maps are nested more than 64 deep"),
            ("alias depth", alias_depth, "lists and maps are nested more than 64 deep"),
            ("long text, often", long_text, "the file holds more bytes of text than 8388608"),
            ("100 MB", format!("a: {}", "x".repeat(100_000_000)), "the file has 100000003 bytes"),
            ("many values", format!("[{}]", "1,".repeat(1_000_000)), "the file holds more values than 200000"),
            (
                "many keys",
                (0..250_000).map(|key| format!("{key}:\n")).collect(),
                "the file holds more values than 200000",
            ),
            ("long plain text", format!("a: {}", "x ".repeat(1_000_000)), "{a: x x"),
            ("many anchors", (0..100_000).map(|key| format!("- &a{key} 1\n")).collect(), "[1, 1"),
        ];
        for (name, text, expected) in cases {
            let found = read(&text);
            assert!(found.contains(expected), "{name}: {}", found.chars().take(200).collect::<String>());
        }
    }
}
