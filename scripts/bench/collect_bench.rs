//! Makes what the shards of a published run would have reported: `collect_bench STORE RUN`.
//!
//! Every task passes, with one metric; each shard has one ledger, in segments of a megabyte, and a lease
//! that has ended. `collect.sh` measures what comes of it.

#![expect(clippy::print_stderr, reason = "a bench program talks to the person who started it")]
#![expect(clippy::disallowed_methods, reason = "a bench program reads its arguments")]

use shmoo::ledger::{
    Attempt, Event, Exit, Finished, Header, LEDGER_FORMAT, LEDGER_VERSION, Line, Measured, MeasuredValue, OutputFile,
    Started, Usage, Verdict, encode,
};
use shmoo::plan::{Plan, PlanFile, TaskId, Wave, read_plan_file};
use shmoo::steps::run_folder::rebuild;
use shmoo::value::{Digest, MetricName, RunId, Timestamp};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const SEGMENT: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let store = arguments.next().ok_or("usage: collect_bench STORE RUN")?;
    let run = RunId::new(arguments.next().ok_or("usage: collect_bench STORE RUN")?);
    let suite = fs::read_dir(Path::new(&store).join("runs"))?.next().ok_or("there is no run")??.path();
    let place = suite.join(run.as_str());
    let file = read_plan_file(&fs::read(place.join("waves/1/plan.json"))?)?;
    let (plan, _) = rebuild(&file)?;
    let shards = plan.shards.as_ref().ok_or("the plan has no shards")?;
    let mut events = 0;
    let mut bytes = 0;
    for number in 1..=shards.count {
        let tasks = shards.tasks(Wave::Shard(number));
        events += tasks.len() * 2;
        let text = ledger(&plan, &file, &run, number, &tasks)?;
        bytes += text.len();
        let folder = place.join(format!("ledger/1-{number}.1.host-{number}-00000000"));
        fs::create_dir_all(&folder)?;
        let mut rest = text.as_str();
        for segment in 1.. {
            if rest.is_empty() {
                break;
            }
            let end =
                if rest.len() <= SEGMENT { rest.len() } else { rest[..SEGMENT].rfind('\n').map_or(0, |at| at + 1) };
            fs::write(folder.join(format!("{segment:06}.jsonl")), &rest[..end])?;
            rest = &rest[end..];
        }
        let lease = serde_json::json!({
            "format": "shmoo-lease", "version": 1, "part": format!("1-{number}"), "generation": 1,
            "writer": format!("host-{number}-00000000"), "host": format!("host-{number}"),
            "taken": Timestamp::from_milliseconds(0), "every": 10, "beats": 9, "seen": Timestamp::from_milliseconds(0),
            "ended": "done",
        });
        fs::create_dir_all(place.join(format!("leases/1-{number}")))?;
        fs::write(place.join(format!("leases/1-{number}/1")), lease.to_string())?;
    }
    eprintln!("{} shards, {events} events, {:.1} MB", shards.count, bytes as f64 / 1e6);
    Ok(())
}

fn ledger(plan: &Plan, file: &PlanFile, run: &RunId, number: u32, tasks: &[TaskId]) -> Result<String, Box<dyn Error>> {
    let time = |sequence: u64| Timestamp::from_milliseconds(1_790_000_000_000 + sequence as i64 * 50);
    let machine = [("cpu", "a processor"), ("cores", "4"), ("architecture", "x86_64"), ("hostname", "host")];
    let header = Header {
        format: LEDGER_FORMAT.to_owned(),
        version: LEDGER_VERSION,
        plan: file.id,
        run: run.clone(),
        shard: number,
        generation: 1,
        writer: format!("host-{number}-00000000"),
        time: time(0),
        shmoo: env!("CARGO_PKG_VERSION").to_owned(),
        machine: machine.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        tools: Default::default(),
        part: Some(format!("1-{number}")),
    };
    let mut text = serde_json::to_string(&header)?;
    text.push('\n');
    let attempt = Attempt { generation: 1, number: 1 };
    let mut sequence = 0;
    for &task in tasks {
        let key = plan.key(task);
        let digest = Digest::of(key.to_string().as_bytes());
        let value = f64::from(task.0) * 0.125 + 1.0;
        let finished = Finished {
            task: key.clone(),
            attempt,
            verdict: Verdict::Pass,
            message: None,
            quotes: Vec::new(),
            cause: None,
            exit: Some(Exit::Code(0)),
            started: time(sequence),
            usage: Usage { wall: 0.05, cpu: 0.04, max_rss: 9 << 20 },
            tries: Vec::new(),
            metrics: vec![Measured {
                name: MetricName::new("freq"),
                value: MeasuredValue::Number(value),
                samples: Vec::new(),
                unit: Some("Hz".to_owned()),
            }],
            rows: Vec::new(),
            outputs: vec![OutputFile { path: "result".to_owned(), sha256: digest, bytes: 12, executable: false }],
            command: vec!["simulate".to_owned(), key.point.to_string()],
            folder: Some(format!("work/{}/{}/1-{number}-1.1", key.stage, key.point)),
            origin: None,
            worker: 0,
            notes: Vec::new(),
        };
        for event in [Event::Started(Started { task: key, attempt }), Event::Finished(Arc::new(finished))] {
            sequence += 1;
            text.push_str(&encode(&Line { sequence, time: time(sequence), event }));
        }
    }
    Ok(text)
}
