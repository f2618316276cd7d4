//! The `shmoo` binary: hands its arguments to the library.

#[expect(clippy::disallowed_methods, reason = "the program's own arguments")]
fn main() -> std::process::ExitCode {
    shmoo::cli::main(std::env::args_os())
}
