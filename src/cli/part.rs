//! `shmoo run --run`: a part of a published run.

use super::Session;
use super::arguments::{ReportFormat, RunArgs};
use super::collect::workspace;
use super::exit::Exit;
use super::machine_arguments::{PartArg, ShardArgs};
use super::progress::Watcher;
use super::run::request;
use crate::report::count;
use crate::steps::StepError;
use crate::steps::machines::PartName;
use crate::steps::machines::part::{PartDone, PartRequest, run_part};
use crate::value::RunId;
use serde_json::json;

pub(super) fn part(session: &Session, arguments: &RunArgs, run: &RunId, wanted: PartArg) -> Result<Exit, Exit> {
    let RunArgs { suite: _, select: _, how, shard, places, format } = arguments;
    let ShardArgs { run: _, shard: _, wave, report_every, take_over, no_archive } = shard;
    let printer = &session.printer;
    if !matches!(format, ReportFormat::Terminal | ReportFormat::Json) {
        printer.error("a part has no report", Some("`shmoo collect RUN` makes it; a part prints text or JSON"));
        return Err(Exit::Usage);
    }
    let workspace = workspace(session, places)?;
    let how = request(session, how)?;
    let request = PartRequest {
        run: run.clone(),
        part: PartName { wave: *wave, part: wanted.part },
        of: wanted.of,
        every: *report_every,
        take_over: *take_over,
        archive: !no_archive,
        partial: false,
        how: &how,
    };
    let mut watcher = Watcher::new(printer.is_interactive(), printer.is_quiet());
    let done = run_part(&workspace, &request, &mut watcher, &mut |text| printer.note(text))
        .map_err(|error: StepError| printer.step(&error))?;
    print(session, &done, *format)?;
    Ok(if done.left > 0 { Exit::Incomplete } else { Exit::Ok })
}

fn print(session: &Session, done: &PartDone, format: ReportFormat) -> Result<(), Exit> {
    let PartDone { run, part, generation, tasks, verdicts, resumed, left, blocked, elsewhere, stopped, archive } = done;
    if format == ReportFormat::Json {
        let verdicts: serde_json::Map<_, _> =
            verdicts.iter().map(|(verdict, count)| (verdict.word().to_owned(), json!(count))).collect();
        let json = json!({
            "version": 1,
            "run": run,
            "part": part.to_string(),
            "generation": generation,
            "tasks": tasks,
            "verdicts": verdicts,
            "resumed": resumed,
            "left": left,
            "blocked": blocked,
            "elsewhere": elsewhere,
            "stopped": stopped,
            "archive": archive,
        });
        return session.printer.data(|out| writeln!(out, "{json:#}"));
    }
    session.printer.data(|out| {
        let counts: Vec<String> = verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        let start = if *generation > 1 { format!(", start {generation}") } else { String::new() };
        writeln!(out, "part {part} of {run}{start}: {}, {}", count(*tasks as u64, "task"), counts.join(", "))?;
        let mut line = |number: usize, text: &str| {
            if number > 0 { writeln!(out, "{} {text}", count(number as u64, "task")) } else { Ok(()) }
        };
        line(*resumed, "done before this start")?;
        line(*left, "left")?;
        line(*blocked, "waiting for what another part has not brought")?;
        line(*elsewhere, "for a machine with another label: give it with `--runner LABEL`")?;
        if let Some(reason) = stopped {
            writeln!(out, "stopped: {reason}")?;
        }
        archive.iter().try_for_each(|archive| writeln!(out, "archive {archive}"))
    })
}
