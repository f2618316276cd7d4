//! All that is printed.

use super::exit::Exit;
use crate::report::ToldError;
use crate::steps::StepError;
use crate::value::{Problem, Problems, Sources};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Severity, ThemeCharacters,
    ThemeStyles,
};
use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};

/// Prints data to stdout and words to stderr.
pub(super) struct Printer {
    quiet: bool,
    color: bool,
    terminal: bool,
    ci: bool,
    out: RefCell<BufWriter<io::Stdout>>,
    /// What was printed to stdout, where somebody wants to read it.
    copy: RefCell<Option<Vec<u8>>>,
    /// The errors that were printed, the first of them.
    told: RefCell<Vec<ToldError>>,
}

/// Errors that are remembered.
const TOLD: usize = 100;

impl Printer {
    pub(super) fn new(quiet: bool, no_color: bool, ci: bool) -> Printer {
        let terminal = io::stderr().is_terminal();
        let out = RefCell::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        Printer {
            quiet,
            color: terminal && !no_color,
            terminal,
            ci,
            out,
            copy: RefCell::new(None),
            told: RefCell::default(),
        }
    }

    /// Tells whether a person watches: progress bars make sense.
    pub(super) fn is_interactive(&self) -> bool {
        self.terminal && !self.ci && !self.quiet
    }

    /// Tells whether nothing but errors is wanted.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Tells whether words may be coloured.
    pub(super) fn color(&self) -> bool {
        self.color
    }

    /// Returns the width of the terminal in columns; 100 if there is none.
    pub(super) fn width(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
        size.map(|size| usize::from(size.ws_col)).filter(|&columns| columns >= 40).unwrap_or(100)
    }

    /// Writes data to stdout. A reader that has gone away ends the program quietly.
    pub(super) fn data(&self, write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>) -> Result<(), Exit> {
        let mut out = self.out.borrow_mut();
        let written = match &mut *self.copy.borrow_mut() {
            None => write(&mut *out),
            Some(copy) => {
                let before = copy.len();
                write(copy).and_then(|()| out.write_all(&copy[before..]))
            }
        };
        match written.and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Exit::Ok),
            Err(error) => {
                self.error(&format!("cannot write to standard output: {error}"), None);
                Err(Exit::Service)
            }
        }
    }

    /// Keeps a copy of all data from now on.
    pub(super) fn keep_copy(&self) {
        *self.copy.borrow_mut() = Some(Vec::new());
    }

    /// Returns the copy of the data.
    pub(super) fn take_copy(&self) -> Option<Vec<u8>> {
        self.copy.borrow_mut().take()
    }

    /// Returns the errors that were printed; files are named as they were.
    pub(super) fn take_told(&self) -> Vec<ToldError> {
        self.told.take()
    }

    fn remember(&self, error: ToldError) {
        let mut told = self.told.borrow_mut();
        if told.len() < TOLD {
            told.push(error);
        }
    }

    /// Writes words to stderr.
    fn words(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Tells a person what happens; not with `--quiet`.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.words(text);
        }
    }

    /// Prints an error and its hint.
    pub(super) fn error(&self, message: &str, hint: Option<&str>) {
        let told = ToldError { message: message.to_owned(), hint: hint.map(str::to_owned), ..ToldError::default() };
        self.remember(told);
        self.words(&format!("{} {message}", self.paint("error:", "31;1")));
        if let Some(hint) = hint {
            self.words(&format!("{} {hint}", self.paint("hint:", "36")));
        }
    }

    /// Prints a warning.
    pub(super) fn warning(&self, message: &str) {
        self.words(&format!("{} {message}", self.paint("warning:", "33;1")));
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Prints an error with all its causes and its hint; returns the exit it leads to.
    pub(super) fn step(&self, error: &StepError) -> Exit {
        if let StepError::Problems(problems) = error {
            self.problems(problems, Severity::Error);
            return Exit::Usage;
        }
        self.words(&format!("{} {error}", self.paint("error:", "31;1")));
        let mut source = std::error::Error::source(error);
        let mut last = error.to_string();
        let mut told = last.clone();
        while let Some(cause) = source {
            let text = cause.to_string();
            if text != last {
                self.words(&format!("{} {text}", self.paint("caused by:", "31")));
                told.push_str(&format!("\ncaused by: {text}"));
            }
            last = text;
            source = cause.source();
        }
        let hint = error.hint();
        if let Some(hint) = &hint {
            self.words(&format!("{} {hint}", self.paint("hint:", "36")));
        }
        self.remember(ToldError { message: told, hint, ..ToldError::default() });
        Exit::of(error)
    }

    /// Prints warnings about a file.
    pub(super) fn warnings(&self, problems: &Problems) {
        if !self.quiet && !problems.list.is_empty() {
            self.problems(problems, Severity::Warning);
        }
    }

    /// Prints warnings that point into some files.
    pub(super) fn warn_all(&self, list: &[Problem], sources: &Sources) {
        self.warnings(&Problems { list: list.to_vec(), sources: sources.clone() });
    }

    fn problems(&self, problems: &Problems, severity: Severity) {
        let styles = if self.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
        let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(self.width()).with_links(false);
        for problem in &problems.list {
            if severity == Severity::Error {
                self.remember(told_problem(problem, &problems.sources));
            }
            self.words(&render(&handler, problem, &problems.sources, severity));
        }
        if severity == Severity::Error && problems.list.len() > 1 {
            self.words(&format!("{} problems", problems.list.len()));
        }
    }
}

fn told_problem(problem: &Problem, sources: &Sources) -> ToldError {
    let Problem { message, span, label: _, hint } = problem;
    let place = span.and_then(|span| Some((sources.get(span.file)?.name.clone(), sources.position(span).0)));
    let (file, line) = place.unzip();
    let line = line.and_then(|line| u32::try_from(line).ok());
    ToldError { message: message.clone(), hint: hint.clone(), file, line }
}

/// Returns a problem with its place, a snippet and the hint.
fn render(handler: &GraphicalReportHandler, problem: &Problem, sources: &Sources, severity: Severity) -> String {
    let mut diagnostic = MietteDiagnostic::new(problem.message.clone()).with_severity(severity);
    diagnostic.help = problem.hint.clone();
    let mut place = String::new();
    let report = match problem.span.and_then(|span| Some((span, sources.get(span.file)?))) {
        Some((span, source)) => {
            place = format!("{}: ", sources.place(span));
            let length = (span.end.saturating_sub(span.start)).max(1) as usize;
            // A label over many lines hides what it is about: its first line says enough.
            let text = sources.text(span);
            let length = text.find('\n').map_or(length, |end| end.max(1));
            diagnostic.labels = Some(vec![LabeledSpan::new(problem.label.clone(), span.start as usize, length)]);
            diagnostic.message = format!("{place}{}", diagnostic.message);
            miette::Report::new(diagnostic)
                .with_source_code(NamedSource::new(source.name.clone(), source.text.to_string()))
        }
        None => miette::Report::new(diagnostic),
    };
    let mut text = String::new();
    match handler.render_report(&mut text, report.as_ref()) {
        Ok(()) => text.trim_end().to_owned(),
        Err(_) => format!("{place}{problem}"),
    }
}
