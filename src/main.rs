//! The `shmoo` binary.

fn main() {}
