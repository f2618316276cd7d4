//! What `shmoo plan --publish` and `--missing` print.

use super::Session;
use super::arguments::PlanFormat;
use super::exit::Exit;
use crate::plan::{ListFormat, Wave, list};
use crate::report::count;
use crate::steps::machines::publish::PublishedWave;
use serde_json::json;

/// Prints a wave; `published` tells whether it is in the store.
pub(super) fn print(
    session: &Session,
    wave: &PublishedWave,
    format: PlanFormat,
    published: bool,
) -> Result<Exit, Exit> {
    let printer = &session.printer;
    match format {
        PlanFormat::Table => table(session, wave, published)?,
        PlanFormat::Json => {
            let json = json!({
                "version": 1,
                "run": wave.run,
                "suite": wave.plan.suite.name,
                "plan": wave.file.id.to_string(),
                "wave": wave.wave,
                "published": published && wave.count() > 0,
                "count": wave.count(),
                "shards": (1..=wave.count()).collect::<Vec<u32>>(),
                "prepare": wave.tasks_of(Wave::Prepare),
                "finish": wave.tasks_of(Wave::Finish),
                "tasks": wave.tasks,
                "matrix": matrix(wave),
            });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        PlanFormat::Matrix => printer.data(|out| list(&wave.plan, ListFormat::Matrix, out))?,
        PlanFormat::Names => printer.data(|out| list(&wave.plan, ListFormat::Names, out))?,
    }
    if format != PlanFormat::Table && published {
        printer.note(&format!("run {}, wave {}, is in the store", wave.run, wave.wave));
    }
    Ok(if wave.count() == 0 { Exit::Nothing } else { Exit::Ok })
}

fn matrix(wave: &PublishedWave) -> serde_json::Value {
    let mut bytes = Vec::new();
    // Writing to memory does not fail, and what is written is JSON.
    let _ = list(&wave.plan, ListFormat::Matrix, &mut bytes);
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn table(session: &Session, wave: &PublishedWave, published: bool) -> Result<(), Exit> {
    let PublishedWave { run, wave: number, plan: _, file: _, tasks, expected: _ } = wave;
    session.printer.data(|out| {
        if wave.count() == 0 && *tasks == 0 {
            return writeln!(out, "nothing is missing of run {run}");
        }
        let (prepare, finish) = (wave.tasks_of(Wave::Prepare), wave.tasks_of(Wave::Finish));
        writeln!(
            out,
            "run {run}, wave {number}: {} in {}, {prepare} before them, {finish} after",
            count(*tasks as u64, "task"),
            count(u64::from(wave.count()), "shard")
        )?;
        if wave.count() == 0 {
            return writeln!(out, "what is missing follows the shards: `shmoo collect {run}` runs it");
        }
        if !published {
            return Ok(());
        }
        let wave_flag = if *number > 1 { format!(" --wave {number}") } else { String::new() };
        if prepare > 0 {
            writeln!(out, "  shmoo run --run {run}{wave_flag} --shard prepare")?;
        }
        writeln!(out, "  shmoo run --run {run}{wave_flag} --shard I/{}", wave.count())?;
        writeln!(out, "  shmoo collect {run}")
    })
}
