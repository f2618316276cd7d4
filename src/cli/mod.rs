//! The command line: arguments, printing, exit codes; one file for each subcommand.
//!
//! stdout is data that another program may read, stderr is for people. Both go through `Printer`.
//! Nobody imports this module.

#![expect(clippy::disallowed_methods, reason = "the command line is where the world is asked")]

mod archive;
mod arguments;
mod bisect;
mod bisect_arguments;
mod bless;
mod bless_arguments;
mod changes;
mod changes_arguments;
mod check;
mod check_run;
mod collect;
mod comment;
mod comment_arguments;
mod compare;
mod compare_arguments;
mod confirm;
mod doctor;
mod estimate;
mod estimate_arguments;
mod estimate_trust;
mod exit;
mod fit;
mod fit_arguments;
mod fit_json;
mod fit_suite;
mod gha;
mod gha_failed;
mod github;
mod history;
mod history_arguments;
mod history_changes;
mod init;
mod issue;
mod issue_arguments;
mod list;
mod machine_arguments;
mod numbers;
mod part;
mod plan;
mod printer;
mod progress;
mod propose;
mod prune;
mod prune_arguments;
mod prune_store;
mod publish;
mod record;
mod report;
mod repro;
mod restore;
mod run;
mod schema;
mod series;
mod stored_changes;
mod sweep;
mod table;
mod touched;

use arguments::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use exit::Exit;
use printer::Printer;
use std::ffi::OsString;
use std::process::ExitCode;

/// What all commands know of the world they are called in.
struct Session {
    printer: Printer,
    /// The folder the command was called in, absolute.
    current: std::path::PathBuf,
    /// Our own environment.
    environment: Vec<(String, String)>,
    /// The step of a GitHub Actions job that this is, if it is one.
    step: Option<gha::Step>,
}

impl Session {
    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Tells something that later steps of a job may want to know.
    fn fact(&self, name: &'static str, value: impl ToString) {
        if let Some(step) = &self.step {
            step.fact(name, value.to_string());
        }
    }

    /// Returns a path as one would type it here: relative where it lies below the current folder.
    fn shown_path(&self, path: &std::path::Path) -> std::path::PathBuf {
        path.strip_prefix(&self.current).map_or_else(|_| path.to_owned(), std::path::Path::to_owned)
    }

    fn workspace(&self, start: &std::path::Path) -> Result<crate::steps::Workspace, Exit> {
        let search_path = self.variable("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
        let environment = crate::outside::history::Environment::new(self.environment.iter().cloned());
        let workspace = crate::steps::Workspace::find(start, search_path, environment)
            .map_err(|error| self.printer.step(&error))?;
        self.printer.warnings(&workspace.warnings);
        Ok(workspace)
    }
}

/// Runs the program with its arguments and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are data, and no mistake.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Ok.into(),
                _ => Exit::Usage.into(),
            };
        }
    };
    let variable = |wanted: &str| environment.iter().any(|(name, value)| name == wanted && !value.is_empty());
    let printer = Printer::new(cli.quiet, variable("NO_COLOR"), variable("CI"));
    let current = match std::env::current_dir() {
        Ok(current) => current,
        Err(error) => {
            printer.error(&format!("the current folder is not there: {error}"), None);
            return Exit::Usage.into();
        }
    };
    let session = Session { printer, current, environment, step: None };
    match cli.command {
        // Its codes are git's.
        Command::BisectStep(arguments) => ExitCode::from(bisect::step(&session, &arguments)),
        Command::Gha(arguments) => gha::gha(session, &arguments).into(),
        command => carry_out(&session, &command).into(),
    }
}

/// Carries a command out.
fn carry_out(session: &Session, command: &Command) -> Exit {
    let result = match command {
        Command::Init(arguments) => init::init(session, arguments),
        Command::Sweep(arguments) => sweep::sweep(session, arguments),
        Command::Plan(arguments) => plan::plan(session, arguments),
        Command::Run(arguments) => run::run(session, arguments),
        Command::Collect(arguments) => collect::collect(session, arguments),
        Command::Report(arguments) => report::report(session, arguments),
        Command::Compare(arguments) => compare::compare(session, arguments),
        Command::Comment(arguments) => comment::comment(session, arguments),
        Command::CheckRun(arguments) => check_run::check_run(session, arguments),
        Command::Issue(arguments) => issue::issue(session, arguments),
        Command::Bisect(arguments) => bisect::bisect(session, arguments),
        Command::Bless(arguments) => bless::bless(session, arguments),
        Command::Changes(arguments) => changes::changes(session, arguments),
        Command::Check(arguments) => check::check(session, arguments),
        Command::Estimate(arguments) => estimate::estimate(session, arguments),
        Command::Fit(arguments) => fit::fit(session, arguments),
        Command::Record(arguments) => record::record(session, arguments),
        Command::Archive(arguments) => archive::archive(session, arguments),
        Command::Restore(arguments) => restore::restore(session, arguments),
        Command::Repro(arguments) => repro::repro(session, arguments),
        Command::List(arguments) => list::list(session, arguments),
        Command::History(arguments) => history::history(session, arguments),
        Command::Prune(arguments) if arguments.store.is_some() => prune_store::prune_store(session, arguments),
        Command::Prune(arguments) => prune::prune(session, arguments),
        Command::Doctor(arguments) => doctor::doctor(session, arguments),
        Command::Schema(arguments) => schema::schema(session, arguments),
        Command::Completions(arguments) => schema::completions(session, arguments),
        // Neither is a command within another.
        Command::BisectStep(_) | Command::Gha(_) => Err(Exit::Bug),
    };
    match result {
        Ok(exit) | Err(exit) => exit,
    }
}
