//! A suite file as a whole: text -> suite.

use super::context::{Context, Files};
use super::leaves::Placed;
use super::lower::lower;
use super::node::Text;
use super::suite_file::{BlockFile, CasesFile, SuiteFile};
use super::version::{check_number, check_version};
use crate::suite::Suite;
use crate::value::{Problem, Problems};

/// A suite that was read, with what looked wrong in it.
#[derive(Debug, Clone)]
pub struct LoadedSuite {
    /// The suite.
    pub suite: Suite,
    /// What is allowed and yet looks like a slip; spans point into `suite.sources`.
    pub warnings: Vec<Problem>,
}

/// Reads a suite file; `name` is its path as the user gave it.
///
/// # Errors
/// All problems that were found. Wrong shapes (unknown keys, wrong types) are reported before what
/// they mean is looked at.
pub fn load_suite(name: &str, text: &str, files: &dyn Files) -> Result<LoadedSuite, Problems> {
    let mut context = Context::new(name, text, files);
    let suite = read(&mut context);
    let (suite, sources, warnings) = context.finish(suite)?;
    Ok(LoadedSuite { suite: Suite { sources, ..suite }, warnings })
}

fn read(context: &mut Context) -> Option<Suite> {
    let root = context.compose(0)?;
    check_version(&root, context)?;
    let mut file = context.decode::<SuiteFile>(&root)?;
    check_number(file.version, context)?;
    if let Some(path) = file.cases_from.clone() {
        if let Some(own) = &file.cases {
            context.problem(Problem::at(own.span, "`cases` and `cases_from` exclude each other"));
        }
        file.cases = Some(cases(&path, context)?);
    }
    if !context.problems.is_empty() {
        return None;
    }
    lower(&file, context)
}

/// Reads the cases out of a file of their own.
fn cases(path: &Text, context: &mut Context) -> Option<Placed<Vec<BlockFile>>> {
    let file = context.read(path)?;
    let root = context.compose(file)?;
    check_version(&root, context)?;
    let cases = context.decode::<CasesFile>(&root)?;
    check_number(cases.version, context)?;
    Some(cases.cases)
}
