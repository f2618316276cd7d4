//! The least that a launcher of captured cases can do: for each case a folder, a file for each
//! stream, a process in that folder with the output in those files. Some loops share the cases.
//!
//! usage: spawn_loop FOLDER CASES JOBS

use std::fs::{File, create_dir_all};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

fn run(folder: &Path, case: usize) -> std::io::Result<bool> {
    let attempt = folder.join(format!("work/say/n{case}/1.1"));
    create_dir_all(&attempt)?;
    let stream = |name: &str| File::create(attempt.with_file_name(format!("1.1.{name}")));
    let status = Command::new("/bin/echo")
        .arg(case.to_string())
        .current_dir(&attempt)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(stream("stdout")?)
        .stderr(stream("stderr")?)
        .process_group(0)
        .status()?;
    Ok(status.success())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, cases, jobs] = arguments.as_slice() else {
        eprintln!("usage: spawn_loop FOLDER CASES JOBS");
        return ExitCode::from(2);
    };
    let (Ok(cases), Ok(jobs)) = (cases.parse::<usize>(), jobs.parse::<usize>()) else {
        eprintln!("spawn_loop: CASES and JOBS are numbers");
        return ExitCode::from(2);
    };
    let next = AtomicUsize::new(1);
    let bad = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case > cases {
                        break;
                    }
                    if !run(Path::new(folder), case).unwrap_or(false) {
                        bad.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    match bad.into_inner() {
        0 => ExitCode::SUCCESS,
        bad => {
            eprintln!("spawn_loop: {bad} cases went wrong");
            ExitCode::FAILURE
        }
    }
}
