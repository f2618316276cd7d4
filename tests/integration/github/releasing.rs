//! `release.yml`: the scripts of its steps, with programs that stand for `cargo`, `rustup`, `gh` and the rest.
//!
//! What is left to GitHub: the musl compilers, the aarch64 machine, attestations, and the release itself.

use super::act::root;
use super::shell_steps::{program, run, script_of};
use crate::integration::command::{Outcome, Output};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
const VERSION: &str = "1.2.3";

/// A clone of a repository with a version, and a place for programs.
struct Clone {
    folder: TempDir,
}

impl Clone {
    fn new(version: &str) -> Outcome<Clone> {
        let folder = tempfile::Builder::new().prefix("shmoo-release-").tempdir()?;
        let clone = Clone { folder };
        fs::create_dir_all(clone.path("clone/actions/setup"))?;
        let cargo = format!("[workspace]\nmembers = [\".\"]\n\n[package]\nname = \"x\"\nversion = \"{version}\"\n");
        fs::write(clone.path("clone/Cargo.toml"), cargo)?;
        fs::copy(root().join("actions/setup/checksums.txt"), clone.path("clone/actions/setup/checksums.txt"))?;
        for name in ["LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
            fs::write(clone.path("clone").join(name), name)?;
        }
        clone.git(
            "git init -q --bare ../origin && git init -q -b main && git add -A && git commit -q -m first && \
             git remote add origin ../origin && git push -q origin main",
        )?;
        Ok(clone)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script of git commands in the clone, and returns what it says.
    fn git(&self, script: &str) -> Outcome<String> {
        let mut command = Command::new("bash");
        command.args(["-euc", script]).current_dir(self.path("clone")).env_clear().env("PATH", PATH);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@example.org");
        }
        let output = command.env("HOME", self.folder.path()).output()?;
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs the script of a step.
    fn step(&self, step: &str, variables: &[(&str, &str)]) -> Outcome<Output> {
        let search = format!("{}:{PATH}", self.path("bin").display());
        let told = self.path("told");
        let own = [("PATH", search.as_str()), ("GITHUB_OUTPUT", told.to_str().ok_or("a plain path")?)];
        run(&script_of("release.yml", step), &self.path("clone"), &[&own[..], variables].concat())
    }
}

#[test]
fn only_a_new_version_of_main_is_released() {
    let step = "- id: version";
    let check = |version: &str, variables: &[(&str, &str)], tagged: bool, expected: Result<(), &str>| {
        let clone = Clone::new(version).unwrap();
        if tagged {
            clone.git(&format!("git tag v{version}")).unwrap();
        }
        let output = clone.step(step, variables).unwrap();
        match expected {
            Ok(()) => {
                assert_eq!(output.code, 0, "{version}: {}", output.stdout);
                assert_eq!(fs::read_to_string(clone.path("told")).unwrap(), format!("version={version}\n"));
            }
            Err(said) => {
                assert_eq!(output.code, 1, "{version}: {}", output.stdout);
                assert!(output.stdout.contains(&format!("::error::{said}")), "{}", output.stdout);
            }
        }
    };
    let main = [("DRY_RUN", "false"), ("GITHUB_REF", "refs/heads/main")];
    check(VERSION, &main, false, Ok(()));
    check("0.10.0", &main, false, Ok(()));
    check(VERSION, &main, true, Err("v1.2.3 is released"));
    check(VERSION, &[("DRY_RUN", "false"), ("GITHUB_REF", "refs/heads/wider")], false, Err("only main is released"));
    check(VERSION, &[("DRY_RUN", "false"), ("GITHUB_REF", "refs/tags/main")], false, Err("only main is released"));
    check(VERSION, &[("DRY_RUN", "true"), ("GITHUB_REF", "refs/heads/wider")], true, Ok(()));
    check("1.2.3-rc1", &main, false, Err("1.2.3-rc1 is no version to release"));
}

#[test]
fn the_same_commit_makes_the_same_archive() {
    let clone = Clone::new(VERSION).unwrap();
    let target = "x86_64-unknown-linux-musl";
    let bin = clone.path("bin");
    program(&bin, "sudo", ":").unwrap();
    program(&bin, "rustup", "echo \"rustup $*\" >> ../said").unwrap();
    let cargo = "echo \"cargo $*\" >> ../said; mkdir -p target/$TARGET/dist; echo binary > target/$TARGET/dist/shmoo";
    program(&bin, "cargo", cargo).unwrap();
    let variables = [("TARGET", target), ("VERSION", VERSION), ("RUSTUP_TOOLCHAIN", "1.95.0")];
    let archive = clone.path(&format!("clone/shmoo-{VERSION}-{target}.tar.gz"));
    let make = || {
        let output = clone.step("- name: build", &variables).unwrap();
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        fs::remove_dir_all(clone.path("clone/dist")).unwrap();
        fs::read(&archive).unwrap()
    };
    let first = make();
    fs::remove_file(&archive).unwrap();
    assert!(first == make());
    let said = fs::read_to_string(clone.path("said")).unwrap();
    assert!(
        said.starts_with(&format!("rustup toolchain install 1.95.0 --profile minimal --target {target}\n")),
        "{said}"
    );
    assert!(said.contains(&format!("cargo build --profile dist --locked --target {target} --bin shmoo\n")), "{said}");
    let mut names = Vec::new();
    for entry in tar::Archive::new(flate2::read::GzDecoder::new(&first[..])).entries().unwrap() {
        let entry = entry.unwrap();
        assert_eq!((entry.header().uid().unwrap(), entry.header().gid().unwrap()), (0, 0));
        names.push(entry.path().unwrap().display().to_string());
    }
    names.sort();
    assert_eq!(names, ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "shmoo"]);
}

#[test]
fn a_binary_that_needs_libraries_is_not_released() {
    let check = |version: &str, libraries: &str, code: i32, said: &str| {
        let clone = Clone::new(VERSION).unwrap();
        let binary = format!("case \"$1\" in --version) echo 'shmoo {version}' ;; *) echo \"$*\" >> said ;; esac");
        program(&clone.path("clone/dist"), "shmoo", &binary).unwrap();
        program(&clone.path("bin"), "ldd", libraries).unwrap();
        let output = clone.step("- name: it is static, and works", &[("VERSION", VERSION)]).unwrap();
        assert_eq!(output.code, code, "{}{}", output.stdout, output.stderr);
        assert!(output.stdout.contains(said), "{}", output.stdout);
        let swept = fs::read_to_string(clone.path("clone/said")).unwrap_or_default();
        assert_eq!(swept.contains("sweep configs/quickstart.yaml"), code == 0, "{swept}");
    };
    check(VERSION, "echo 'statically linked'", 0, "");
    check(VERSION, "echo 'not a dynamic executable' >&2; exit 1", 0, "");
    check(
        VERSION,
        "echo 'libc.so.6 => /lib/libc.so.6 (0x7f)'",
        1,
        "::error::the binary needs libraries of the machine",
    );
    check("1.2.2", "exit 1", 1, "::error::the binary says another version");
}

#[test]
fn a_tag_is_the_commit_that_knows_the_checksums() {
    let clone = Clone::new(VERSION).unwrap();
    let before = clone.git("git rev-parse HEAD").unwrap();
    let archives = clone.path("clone/archives");
    fs::create_dir(&archives).unwrap();
    let mut lines = String::new();
    for target in ["aarch64", "x86_64"] {
        let name = format!("shmoo-{VERSION}-{target}-unknown-linux-musl.tar.gz");
        fs::write(archives.join(&name), target).unwrap();
        let digest: String = Sha256::digest(target).iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push_str(&format!("{digest}  {name}\n"));
    }
    program(&clone.path("bin"), "gh", "printf '%s\\n' \"$@\" > ../gh-said").unwrap();
    let variables = [("VERSION", VERSION), ("GH_TOKEN", "x"), ("GITHUB_REPOSITORY", "lab/shmoo")];
    let step = "- name: tag the commit that knows the checksums, and publish";
    let output = clone.step(step, &variables).unwrap();
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    // Both tags are that commit; main is not moved.
    let tagged = clone.git("git ls-remote origin 'refs/*'").unwrap();
    let commit = clone.git("git rev-parse HEAD").unwrap();
    let expected =
        format!("{0}\trefs/heads/main\n{1}\trefs/tags/v1\n{1}\trefs/tags/v1.2.3\n", before.trim(), commit.trim());
    assert_eq!(tagged, expected);
    let checksums = clone.git("git show v1.2.3:actions/setup/checksums.txt").unwrap();
    assert!(checksums.ends_with(&lines), "{checksums}");
    assert_eq!(fs::read_to_string(archives.join("SHA256SUMS")).unwrap(), lines);
    assert_eq!(clone.git("git show --stat --format= HEAD").unwrap().lines().count(), 2);
    let said = fs::read_to_string(clone.path("gh-said")).unwrap();
    assert!(
        said.starts_with("release\ncreate\nv1.2.3\narchives/SHA256SUMS\n") && said.contains("--verify-tag"),
        "{said}"
    );
    assert!(said.contains("gh attestation verify FILE --repo lab/shmoo"), "{said}");
    // The next release moves the tag of the major version, and no other.
    fs::write(archives.join("SHA256SUMS"), "").unwrap();
    fs::remove_file(archives.join("SHA256SUMS")).unwrap();
    for target in ["aarch64", "x86_64"] {
        let name = |version: &str| archives.join(format!("shmoo-{version}-{target}-unknown-linux-musl.tar.gz"));
        fs::rename(name(VERSION), name("1.3.0")).unwrap();
    }
    let output = clone.step(step, &[("VERSION", "1.3.0"), variables[1], variables[2]]).unwrap();
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let tagged = clone.git("git ls-remote origin 'refs/tags/*'").unwrap();
    let newest = clone.git("git rev-parse HEAD").unwrap();
    assert_eq!(
        tagged,
        format!("{1}\trefs/tags/v1\n{0}\trefs/tags/v1.2.3\n{1}\trefs/tags/v1.3.0\n", commit.trim(), newest.trim())
    );
}

#[test]
fn an_archive_too_few_or_too_many_is_no_release() {
    for names in [&["x86_64"][..], &["aarch64", "riscv64", "x86_64"]] {
        let clone = Clone::new(VERSION).unwrap();
        fs::create_dir(clone.path("clone/archives")).unwrap();
        for name in names {
            let name = format!("clone/archives/shmoo-{VERSION}-{name}-unknown-linux-musl.tar.gz");
            fs::write(clone.path(&name), "x").unwrap();
        }
        let step = "- name: tag the commit that knows the checksums, and publish";
        let output = clone.step(step, &[("VERSION", VERSION), ("GITHUB_REPOSITORY", "lab/shmoo")]).unwrap();
        assert!(output.code == 1 && output.stdout.contains("::error::there are other archives"), "{}", output.stdout);
        assert_eq!(clone.git("git ls-remote origin 'refs/tags/*'").unwrap(), "");
    }
}

#[test]
fn one_compiler_for_tests_and_releases() {
    let version = |workflow: &str| {
        let text = fs::read_to_string(root().join(".github/workflows").join(workflow)).unwrap();
        let line = text.lines().find_map(|line| line.trim().strip_prefix("RUSTUP_TOOLCHAIN: ")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{workflow} names no compiler"))
    };
    assert_eq!(version("ci.yml"), version("release.yml"));
    assert!(version("ci.yml").split('.').count() == 3, "{}", version("ci.yml"));
}
