//! A definition of a benchmark or of compilation statistics in IREE's JSON: which goldens and factors it holds, and
//! where they stand.
//!
//! Three forms are known: without a `type` (goldens as maps by SKU), with a `type` (one golden a file), and the configs
//! of operator tests (`golden_times_ms` by test). Other keys are checked for their names and kinds, and not used.

use super::json::{Fault, Node, NodeKind, parse};
use crate::suite::IreeField;
use crate::value::{Decimal, Problem, Problems, Sources, Span, did_you_mean};
use std::collections::BTreeMap;
use std::ops::Range;

/// What a file defines.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// The text as JSON: a map.
    pub(super) root: Node,
    /// The goldens, by the key in their map if they stand in one.
    pub(super) goldens: BTreeMap<(IreeField, Option<String>), Number>,
    /// How many times a golden a time may be, by SKU or for the whole file; at least 1.
    factors: BTreeMap<Option<String>, Decimal>,
    form: Form,
}

/// A number and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// As it is written.
    pub(super) text: String,
    /// Its bytes.
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Benchmark,
    TypedBenchmark,
    Compstat,
    Quality,
    Operators,
}

/// What the value of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Text,
    List,
    Flag,
    /// A number that is not used here.
    Any,
    Golden(IreeField),
    /// Goldens by key.
    Goldens(IreeField),
    Factor,
    /// Factors by SKU.
    Factors,
}

impl Form {
    fn keys(self) -> &'static [(&'static str, Wanted)] {
        use Wanted::{Any, Factor, Factors, Flag, Golden, Goldens, List, Text};
        match self {
            Form::Benchmark => &[
                ("inputs", List),
                ("function_run", Text),
                ("device", Text),
                ("benchmark_flags", List),
                ("benchmark_repetitions", Any),
                ("benchmark_min_warmup_time", Any),
                ("golden_time_ms", Goldens(IreeField::TimeMs)),
                ("golden_time_tolerance_multiplier", Factors),
                ("golden_dispatch", Goldens(IreeField::Dispatch)),
                ("golden_size", Goldens(IreeField::Size)),
                ("specific_chip_to_ignore", List),
                ("real_weights_file_name", Text),
                ("modules", List),
                ("compilation_required", Flag),
                ("compiled_file_name", Text),
                ("compile_flags", List),
                ("mlir_file_path", Text),
                ("mlir_file_name", Text),
            ],
            Form::TypedBenchmark => &[
                ("type", Text),
                ("markers", List),
                ("modules", List),
                ("weights", List),
                ("inputs", List),
                ("run_args", List),
                ("golden_time_ms", Golden(IreeField::TimeMs)),
                ("tolerance_factor", Factor),
            ],
            Form::Compstat => &[
                ("type", Text),
                ("markers", List),
                ("module", Text),
                ("golden_dispatch_count", Golden(IreeField::DispatchCount)),
                ("golden_binary_size", Golden(IreeField::BinarySize)),
            ],
            Form::Quality => &[
                ("type", Text),
                ("markers", List),
                ("modules", List),
                ("weights", List),
                ("inputs", List),
                ("outputs", List),
                ("expected_outputs", List),
                ("run_args", List),
            ],
            Form::Operators => &[
                ("config_name", Text),
                ("iree_compile_flags", List),
                ("iree_run_module_flags", List),
                ("skip_compile_tests", List),
                ("skip_run_tests", List),
                ("expected_compile_failures", List),
                ("expected_run_failures", List),
                ("golden_times_ms", Goldens(IreeField::TimesMs)),
                ("tolerance_factor", Factor),
            ],
        }
    }

    fn words(self) -> &'static str {
        match self {
            Form::Benchmark => "a benchmark without a `type`",
            Form::TypedBenchmark => "a file of type `benchmark`",
            Form::Compstat => "a file of type `compstat`",
            Form::Quality => "a file of type `quality`",
            Form::Operators => "a config of operator tests",
        }
    }
}

impl Definition {
    /// Reads a file; `name` is for people.
    ///
    /// # Errors
    /// What is no JSON; or all keys that are unknown, of the wrong kind or out of range. With places and hints.
    pub(super) fn read(name: &str, text: &str) -> Result<Definition, Problems> {
        let mut reading = Reading { sources: Sources::default(), file: 0, text, problems: Vec::new() };
        reading.file = reading.sources.add(name, text);
        let definition = reading.definition();
        let Reading { sources, problems, .. } = reading;
        match definition.filter(|_| problems.is_empty()) {
            Some(definition) => Ok(definition),
            None => Err(Problems { list: problems, sources }),
        }
    }

    /// Tells whether goldens of a key stand in a map here; nothing if such a file has none.
    pub(super) fn has_map(&self, field: IreeField) -> Option<bool> {
        self.form.keys().iter().find_map(|(_, wanted)| match wanted {
            Wanted::Goldens(known) if *known == field => Some(true),
            Wanted::Golden(known) if *known == field => Some(false),
            _ => None,
        })
    }

    /// Returns what kind of file it is, for people.
    pub(super) fn words(&self) -> &'static str {
        self.form.words()
    }

    /// Returns how many times its golden a value may be, if the file says so: it does of times.
    pub(super) fn factor(&self, field: IreeField, key: Option<&str>) -> Option<Decimal> {
        let own = self.factors.get(&key.map(str::to_owned));
        let found = own.or_else(|| self.factors.get(&None));
        found.copied().filter(|_| matches!(field, IreeField::TimeMs | IreeField::TimesMs))
    }
}

struct Reading<'t> {
    sources: Sources,
    file: u32,
    text: &'t str,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn problem(&mut self, span: &Range<usize>, message: String, hint: Option<String>) {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span { file: self.file, start: at(span.start), end: at(span.end) };
        self.problems.push(Problem::at(span, message).maybe_hint(hint));
    }

    fn definition(&mut self) -> Option<Definition> {
        let root = match parse(self.text) {
            Ok(root) => root,
            Err(Fault { span, message, hint }) => {
                self.problem(&span, message, hint.map(str::to_owned));
                return None;
            }
        };
        let Some(members) = root.members() else {
            self.problem(&root.span, format!("expected a map, found {}", root.words()), None);
            return None;
        };
        let form = self.form(&root)?;
        let mut definition =
            Definition { root: root.clone(), goldens: BTreeMap::new(), factors: BTreeMap::new(), form };
        let keys = form.keys();
        for member in members {
            match keys.iter().find(|(key, _)| *key == member.key) {
                Some((key, wanted)) => self.value(key, *wanted, &member.value, &mut definition),
                None => {
                    let hint = did_you_mean(&member.key, keys.iter().map(|(key, _)| *key));
                    let message = format!("unknown key `{}` in {}", member.key.escape_debug(), form.words());
                    self.problem(&member.key_span, message, hint);
                }
            }
        }
        Some(definition)
    }

    fn form(&mut self, root: &Node) -> Option<Form> {
        const TYPES: [(&str, Form); 3] =
            [("benchmark", Form::TypedBenchmark), ("compstat", Form::Compstat), ("quality", Form::Quality)];
        let Some(node) = root.get("type") else {
            let operators = ["config_name", "golden_times_ms"].iter().any(|key| root.get(key).is_some());
            return Some(if operators { Form::Operators } else { Form::Benchmark });
        };
        let NodeKind::Text(text) = &node.kind else {
            self.problem(&node.span, format!("`type` is {}, and it must be a text", node.words()), None);
            return None;
        };
        let found = TYPES.iter().find(|(name, _)| name == text).map(|(_, form)| *form);
        if found.is_none() {
            let hint = did_you_mean(text, TYPES.iter().map(|(name, _)| *name));
            self.problem(&node.span, format!("unknown type `{}`", text.escape_debug()), hint);
        }
        found
    }

    fn value(&mut self, key: &'static str, wanted: Wanted, node: &Node, definition: &mut Definition) {
        let fits = match wanted {
            Wanted::Text => matches!(node.kind, NodeKind::Text(_)),
            Wanted::List => matches!(node.kind, NodeKind::List(_)),
            Wanted::Flag => node.kind == NodeKind::Bool,
            Wanted::Any => node.kind == NodeKind::Number,
            Wanted::Golden(field) => {
                let golden = self.golden(key, field, node);
                definition.goldens.extend(golden.map(|number| ((field, None), number)));
                true
            }
            Wanted::Factor => {
                definition.factors.extend(self.factor(key, node).map(|factor| (None, factor)));
                true
            }
            Wanted::Goldens(field) => {
                for member in self.map(key, node) {
                    let golden = self.golden(&format!("{key}.{}", member.key), field, &member.value);
                    definition.goldens.extend(golden.map(|number| ((field, Some(member.key.clone())), number)));
                }
                true
            }
            Wanted::Factors => {
                for member in self.map(key, node) {
                    let factor = self.factor(&format!("{key}.{}", member.key), &member.value);
                    definition.factors.extend(factor.map(|factor| (Some(member.key.clone()), factor)));
                }
                true
            }
        };
        if !fits {
            let wanted = match wanted {
                Wanted::Text => "a text",
                Wanted::List => "a list",
                Wanted::Flag => "`true` or `false`",
                _ => "a number",
            };
            self.problem(&node.span, format!("`{key}` is {}, and it must be {wanted}", node.words()), None);
        }
    }

    fn map<'n>(&mut self, key: &str, node: &'n Node) -> &'n [super::json::Member] {
        if let Some(members) = node.members() {
            return members;
        }
        let by = if key == "golden_times_ms" { "test" } else { "SKU" };
        let message = format!("`{key}` is {}, and it must be a map from {by} to a number", node.words());
        let hint = matches!(node.kind, NodeKind::Number).then(|| "write `{ \"mi300\": 12.5 }`".to_owned());
        self.problem(&node.span, message, hint);
        &[]
    }

    /// Reads a number in the range of decimals.
    fn number(&mut self, key: &str, node: &Node) -> Option<Decimal> {
        if node.kind != NodeKind::Number {
            let hint = match &node.kind {
                NodeKind::Text(text) if text.trim().parse::<Decimal>().is_ok() => Some("remove the quotes"),
                NodeKind::Null => Some("leave the key out: a golden that is not there is reported as missing"),
                NodeKind::Object(_) => Some("a map by SKU stands in a file without a `type`"),
                _ => None,
            };
            let message = format!("`{}` is {}, and it must be a number", key.escape_debug(), node.words());
            self.problem(&node.span, message, hint.map(str::to_owned));
            return None;
        }
        let text = &self.text[node.span.clone()];
        let parsed = text.parse::<Decimal>().ok().filter(|number| number.to_f64().is_finite());
        if parsed.is_none() {
            self.problem(&node.span, format!("`{}` is out of the range of numbers", key.escape_debug()), None);
        }
        parsed
    }

    fn golden(&mut self, key: &str, field: IreeField, node: &Node) -> Option<Number> {
        let number = self.number(key, node)?;
        if number.is_negative() {
            self.problem(&node.span, format!("`{}` is negative", key.escape_debug()), None);
            return None;
        }
        if field.counts() && !number.is_integer() {
            self.problem(&node.span, format!("`{}` is not a whole number", key.escape_debug()), None);
            return None;
        }
        Some(Number { text: self.text[node.span.clone()].to_owned(), span: node.span.clone() })
    }

    fn factor(&mut self, key: &str, node: &Node) -> Option<Decimal> {
        let factor = self.number(key, node)?;
        let least = factor.checked_sub(Decimal::ONE).is_some_and(|above| !above.is_negative());
        if !least {
            let message = format!("`{}` is below 1, so that its golden itself would miss", key.escape_debug());
            self.problem(&node.span, message, Some("1.1 allows times that are 10% above the golden".to_owned()));
            return None;
        }
        Some(factor)
    }
}
