//! The `shmoo` binary: hands its arguments to the library.

/// Records are millions of short texts: with the system's allocator they took a quarter of a report's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::disallowed_methods, reason = "the program's own arguments")]
fn main() -> std::process::ExitCode {
    shmoo::cli::main(std::env::args_os())
}
