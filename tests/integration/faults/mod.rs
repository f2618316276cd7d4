//! Runs that things happen to: kills, full disks, hostile tasks, interrupts, damaged files.

mod determinism;
mod environment;
mod full_disk;
mod hostile;
mod inputs;
mod interrupts;
mod killed;
mod ledger;
mod leftovers;
mod order;
mod retries;
mod two_processes;
mod verdicts;
