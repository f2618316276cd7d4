//! The `shmoo` binary: hands its arguments to the library.

fn main() -> std::process::ExitCode {
    shmoo::cli::main(std::env::args_os())
}
