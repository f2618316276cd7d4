//! `shmoo plan --changed-since`.

use super::Session;
use super::arguments::PlanFormat;
use super::exit::Exit;
use super::table::{row, table};
use crate::report::{count, short};
use crate::steps::touching::{Touched, Touching, touched_suites};
use serde_json::{Value, json};

/// Jobs that a matrix may have: of a larger one GitHub runs none, and says so nowhere near.
const JOBS: usize = 256;

pub(super) fn touched(session: &Session, revision: &str, format: PlanFormat) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let workspace = session.workspace(&session.current)?;
    let touching = touched_suites(&workspace, &session.current, revision).map_err(|error| printer.step(&error))?;
    let Touching { suites, of, changed } = &touching;
    match format {
        PlanFormat::Table if suites.is_empty() => {}
        PlanFormat::Table => {
            let mut rows = vec![row(["suite", "file", "changed", "which is"])];
            let cells = |Touched { suite, file, path, because }: &Touched| {
                row([suite.as_str(), &short(file, 100), &short(path, 100), because])
            };
            rows.extend(suites.iter().map(cells));
            printer.data(|out| write!(out, "{}", table(rows, &[])))?;
        }
        PlanFormat::Names => {
            let names: String = suites.iter().map(|touched| format!("{}\n", touched.file)).collect();
            printer.data(|out| out.write_all(names.as_bytes()))?;
        }
        PlanFormat::Json => {
            let json = json!({
                "version": 1,
                "since": revision,
                "changed": changed,
                "count": suites.len(),
                "of": of,
                "suites": suites.iter().map(entry).collect::<Vec<_>>(),
                "matrix": matrix(suites),
            });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        PlanFormat::Matrix => {
            let Some(matrix) = matrix(suites) else {
                let message =
                    format!("{} are more than the {JOBS} jobs of a matrix", count(suites.len() as u64, "suite"));
                printer.error(&message, Some("take them from `--format names`, and divide them over jobs"));
                return Err(Exit::Usage);
            };
            printer.data(|out| writeln!(out, "{matrix}"))?;
        }
    }
    let (files, project) = (count(*changed as u64, "changed file"), count(*of as u64, "suite"));
    printer.note(&format!("{files} since {revision}: {} of {project} touched", suites.len()));
    Ok(if suites.is_empty() { Exit::Nothing } else { Exit::Ok })
}

fn entry(touched: &Touched) -> Value {
    let Touched { suite, file, path, because } = touched;
    json!({ "suite": suite, "file": file, "path": path, "because": because })
}

/// Returns the matrix of GitHub Actions; none if that is too large.
fn matrix(suites: &[Touched]) -> Option<Value> {
    let jobs = suites.iter().map(|touched| json!({ "suite": touched.suite, "file": touched.file }));
    (suites.len() <= JOBS).then(|| json!({ "include": jobs.collect::<Vec<_>>() }))
}
