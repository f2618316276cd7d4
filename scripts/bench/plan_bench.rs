//! Plans a suite without the command line, and says where the time goes: `plan_bench FILE [json]`.
//!
//! For work on the planner; `plan.sh` measures what users run.

#![expect(clippy::print_stderr, reason = "a bench program talks to the person who started it")]
#![expect(clippy::disallowed_methods, reason = "a bench program reads the clock and its arguments")]

use shmoo::config::{Files, load_suite};
use shmoo::plan::{BuildOptions, Durations, ListFormat, Plan, SourceText, build, list, plan_file};
use shmoo::run::{Limits, Next, Schedule};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: plan_bench FILE [json|names|start|plan]")?;
    let what = arguments.next().unwrap_or_else(|| "plan".to_owned());
    let mut last = Instant::now();
    let mut lap = |step: &str| {
        let now = Instant::now();
        eprintln!("{:>8.1} ms  {step}", now.duration_since(last).as_secs_f64() * 1e3);
        last = now;
    };
    let text = std::fs::read_to_string(&path)?;
    let folder = Folder(Path::new(&path).parent().unwrap_or(Path::new(".")).to_owned());
    let loaded = load_suite(&path, &text, &folder)?;
    lap("load the suite");
    let plan = build(Arc::new(loaded.suite), BuildOptions::default())?;
    lap("build the plan");
    match what.as_str() {
        "json" => list(&plan, ListFormat::Json, &mut std::io::stdout().lock())?,
        "names" => list(&plan, ListFormat::Names, &mut std::io::stdout().lock())?,
        "start" => eprintln!("first: {}", first_task(&plan)),
        _ => {
            let sources = vec![SourceText { name: path.clone(), text }];
            let file = plan_file(&plan, &path, sources, Default::default(), None);
            lap("make the plan file");
            serde_json::to_writer(std::io::stdout().lock(), &file)?;
        }
    }
    lap(&what);
    Ok(())
}

fn first_task(plan: &Plan) -> String {
    let expected = Durations::default().expected(plan);
    let limits = Limits { jobs: 2, ..Limits::default() };
    let mut schedule = Schedule::new(plan, limits, &expected, &|_| true, &|_| None);
    match schedule.advance() {
        Next::Run(task) => plan.key(task).to_string(),
        other => format!("{other:?}"),
    }
}
