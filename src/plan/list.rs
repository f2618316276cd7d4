//! Listings of a plan, streamed: a million cases never lie in memory as text.

use super::{Plan, TaskId, Wave};
use crate::value::{Scalar, show_duration};
use std::io::{self, BufWriter, Write};

/// How to list a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// Counts by stage, for people.
    Table,
    /// One case name a line.
    Names,
    /// All of it: `{"version":1,"suite":..,"cases":[..],"tasks":[..],"shards":[..]}`.
    Json,
    /// A job matrix: `{"include":[{"shard":1,..}]}`.
    Matrix,
}

/// Writes a listing.
pub fn list(plan: &Plan, format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    match format {
        ListFormat::Table => table(plan, &mut out)?,
        ListFormat::Names => {
            let mut name = String::new();
            for case in 0..plan.cases.len() {
                plan.write_case_name(case, &mut name);
                name.push('\n');
                out.write_all(name.as_bytes())?;
            }
        }
        ListFormat::Json => json(plan, &mut out)?,
        ListFormat::Matrix => matrix(plan, &mut out)?,
    }
    out.flush()
}

fn table(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let schema = plan.suite.schema.params();
    writeln!(out, "{}: {}, {}", plan.suite.name, count(plan.cases.len(), "case"), count(plan.task_count(), "task"))?;
    let mut rows = vec![["stage".to_owned(), "tasks".to_owned(), "per".to_owned(), "waits for".to_owned()]];
    for (index, stage) in plan.suite.stages.iter().enumerate() {
        let tasks = plan.stage_tasks(index);
        let per = match stage.per.as_slice() {
            [] => "once a run".to_owned(),
            all if all.len() == schema.len() => "case".to_owned(),
            some => some.iter().map(|&param| schema[param].name.as_str()).collect::<Vec<_>>().join(", "),
        };
        let repeats = if tasks.rounds() > 1 { format!(" x {} rounds", tasks.rounds()) } else { String::new() };
        let mut waits: Vec<usize> = Vec::new();
        for task in (0..tasks.points().min(1000)).map(|point| tasks.task(point, 0)) {
            waits.extend(plan.upstream(task).iter().map(|&upstream| plan.stage_of(upstream)));
            waits.sort_unstable();
            waits.dedup();
        }
        let waits: Vec<&str> = waits.into_iter().map(|stage| plan.suite.stages[stage].name.as_str()).collect();
        let number = if tasks.is_empty() { "left out".to_owned() } else { tasks.len().to_string() };
        rows.push([stage.name.to_string(), number, format!("{per}{repeats}"), waits.join(", ")]);
    }
    let widths: Vec<usize> =
        (0..4).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    for row in rows {
        let line = format!(
            "  {:<a$}  {:>b$}  {:<c$}  {}",
            row[0],
            row[1],
            row[2],
            row[3],
            a = widths[0],
            b = widths[1],
            c = widths[2]
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    if let Some(shards) = &plan.shards {
        let prepare = shards.tasks(Wave::Prepare).len();
        let finish = shards.tasks(Wave::Finish).len();
        let longest = shards.expected.iter().copied().fold(0.0, f64::max);
        writeln!(
            out,
            "{} (longest about {}), {prepare} before them, {finish} after",
            count(shards.count as usize, "shard"),
            show_duration(longest)
        )?;
    }
    let names: Vec<String> = [0, plan.cases.len() - 1].iter().map(|&case| plan.case_name(case).to_string()).collect();
    writeln!(out, "cases {} .. {}", names[0], names[1])
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn json_scalar(value: &Scalar) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| json_text(&value.to_string()))
}

fn json(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let schema = plan.suite.schema.params();
    // `"vdd":1.8` for each value: made once, written a million times.
    let pairs: Vec<Vec<String>> = schema
        .iter()
        .enumerate()
        .map(|(param, definition)| {
            let values = plan.cases.values(param).iter();
            values.map(|value| format!("{}:{}", json_text(&definition.name), json_scalar(value))).collect()
        })
        .collect();
    let point = |case: usize, params: &mut dyn Iterator<Item = usize>, out: &mut dyn Write| -> io::Result<()> {
        out.write_all(b"{")?;
        let mut first = true;
        for param in params {
            let code = plan.cases.code(case, param) as usize;
            if let Some(pair) = pairs[param].get(code.wrapping_sub(1)) {
                if !first {
                    out.write_all(b",")?;
                }
                first = false;
                out.write_all(pair.as_bytes())?;
            }
        }
        out.write_all(b"}")
    };
    write!(out, "{{\"version\":1,\"suite\":{},\"cases\":[", json_text(plan.suite.name.as_str()))?;
    let mut name = String::new();
    for case in 0..plan.cases.len() {
        // Names hold no character that JSON escapes.
        plan.write_case_name(case, &mut name);
        let comma = if case > 0 { "," } else { "" };
        write!(out, "{comma}\n{{\"name\":\"{name}\",\"params\":")?;
        point(case, &mut (0..schema.len()), out)?;
        out.write_all(b"}")?;
    }
    out.write_all(b"],\"tasks\":[")?;
    let mut first = true;
    for (index, stage) in plan.suite.stages.iter().enumerate() {
        let tasks = plan.stage_tasks(index);
        for point_number in 0..tasks.points() {
            plan.write_point_name(index, point_number, &mut name);
            for round in 0..tasks.rounds() {
                let task = tasks.task(point_number, round);
                let comma = if first { "" } else { "," };
                first = false;
                write!(out, "{comma}\n{{\"stage\":\"{}\",\"point\":\"{name}\"", stage.name)?;
                match tasks.repeat(round) {
                    None => {}
                    Some(crate::value::Repeat::Warmup(round)) => write!(out, ",\"warmup\":{round}")?,
                    Some(crate::value::Repeat::Measured(round)) => write!(out, ",\"repeat\":{round}")?,
                }
                out.write_all(b",\"params\":")?;
                point(tasks.case(point_number), &mut stage.per.iter().copied(), out)?;
                task_tail(plan, task, out)?;
            }
        }
    }
    out.write_all(b"],\"shards\":[")?;
    if let Some(shards) = &plan.shards {
        for number in 1..=shards.count {
            let comma = if number > 1 { "," } else { "" };
            let index = number as usize - 1;
            let label = shards.labels[index].as_deref().map_or("null".to_owned(), json_text);
            let tasks = shards.tasks(Wave::Shard(number)).len();
            let seconds = shards.expected[index];
            write!(
                out,
                "{comma}\n{{\"shard\":{number},\"runner\":{label},\"tasks\":{tasks},\"expected_seconds\":{seconds:.3}}}"
            )?;
        }
    }
    out.write_all(b"]}\n")
}

fn task_tail(plan: &Plan, task: TaskId, out: &mut dyn Write) -> io::Result<()> {
    let upstream = plan.upstream(task);
    if !upstream.is_empty() {
        out.write_all(b",\"needs\":[")?;
        for (index, &upstream) in upstream.iter().enumerate() {
            write!(out, "{}\"{}\"", if index > 0 { "," } else { "" }, plan.key(upstream))?;
        }
        out.write_all(b"]")?;
    }
    if let Some(shards) = &plan.shards {
        out.write_all(b",\"in\":[")?;
        for (index, wave) in shards.waves(task).into_iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match wave {
                Wave::Prepare => write!(out, "{comma}\"prepare\"")?,
                Wave::Shard(number) => write!(out, "{comma}{number}")?,
                Wave::Finish => write!(out, "{comma}\"finish\"")?,
            }
        }
        out.write_all(b"]")?;
    }
    out.write_all(b"}")
}

fn matrix(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let count = plan.shards.as_ref().map_or(1, |shards| shards.count);
    out.write_all(b"{\"include\":[")?;
    for number in 1..=count {
        let comma = if number > 1 { "," } else { "" };
        let label = plan.shards.as_ref().and_then(|shards| shards.labels[number as usize - 1].clone());
        let runner = label.map_or(String::new(), |label| format!(",\"runner\":{}", json_text(&label)));
        write!(out, "{comma}{{\"shard\":{number},\"of\":{count}{runner}}}")?;
    }
    out.write_all(b"]}\n")
}
