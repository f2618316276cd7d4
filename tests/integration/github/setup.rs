//! `actions/setup`: what it installs, and what it refuses.

use crate::integration::command::{Outcome, Output};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A copy of the action with a server of releases, and programs that stand for `cargo` and `gh`.
struct Setup {
    folder: TempDir,
    url: String,
}

const VERSION: &str = "1.2.3";

impl Setup {
    fn new() -> Outcome<Setup> {
        let folder = tempfile::Builder::new().prefix("shmoo-setup-").tempdir()?;
        let path = |name: &str| folder.path().join(name);
        let action = Path::new(env!("CARGO_MANIFEST_DIR")).join("actions/setup");
        fs::create_dir_all(path("repository/actions/setup"))?;
        fs::copy(action.join("setup.sh"), path("repository/actions/setup/setup.sh"))?;
        fs::write(path("repository/actions/setup/checksums.txt"), "# none yet\n")?;
        fs::write(path("repository/Cargo.toml"), format!("[package]\nname = \"x\"\nversion = \"{VERSION}\"\n"))?;
        for name in ["bin", "releases", "tools", "temp"] {
            fs::create_dir(path(name))?;
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let releases = path("releases");
        std::thread::spawn(move || serve(&listener, &releases));
        Ok(Setup { folder, url })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, script: &str) -> Outcome {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    fn archive(&self) -> String {
        format!("shmoo-{VERSION}-{}-unknown-linux-musl.tar.gz", std::env::consts::ARCH)
    }

    /// Releases a binary that says what it is, and lists its digest.
    fn release(&self) -> Outcome {
        let script = "#!/bin/sh\necho shmoo 1.2.3\n";
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(script.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, "shmoo", script.as_bytes())?;
        let bytes = builder.into_inner()?.finish()?;
        fs::write(self.path("releases").join(self.archive()), &bytes)?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(self.path("repository/actions/setup/checksums.txt"), format!("{digest}  {}\n", self.archive()))?;
        Ok(())
    }

    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new("bash");
        command
            .arg(self.path("repository/actions/setup/setup.sh"))
            .args(arguments)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("HOME", self.folder.path())
            .env("RUNNER_TEMP", self.path("temp"))
            .env("RUNNER_TOOL_CACHE", self.path("tools"))
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_PATH", self.path("search-path"))
            .env("INPUT_DOWNLOAD_URL", &self.url)
            .env("ACTION_REPOSITORY", "lab/shmoo")
            .envs(variables.iter().copied());
        command
    }

    fn run(&self, variables: &[(&str, &str)]) -> Outcome<Output> {
        let output = self.command(&[], variables).output()?;
        Ok(Output {
            code: output.status.code().ok_or("it was ended by a signal")?,
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Returns the outputs, and forgets them.
    fn told(&self) -> Outcome<String> {
        let text = fs::read_to_string(self.path("output"))?;
        fs::remove_file(self.path("output"))?;
        Ok(text)
    }
}

/// Answers with files of a folder.
fn serve(listener: &TcpListener, folder: &Path) {
    for mut stream in listener.incoming().map_while(Result::ok) {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let request = lines.next().unwrap_or_default();
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        let name = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        let (status, body) = fs::read(folder.join(name)).map_or((404, Vec::new()), |body| (200, body));
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    }
}

#[test]
fn a_release_is_installed_once() {
    let setup = Setup::new().unwrap();
    setup.release().unwrap();
    let output = setup.run(&[]).unwrap();
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert!(
        output.stdout.contains("shmoo 1.2.3") && output.stdout.contains("attestation not verified: there is no gh")
    );
    let told = setup.told().unwrap();
    assert!(told.starts_with("version=1.2.3\npath=") && told.ends_with("\norigin=release\n"), "{told}");
    let folder = fs::read_to_string(setup.path("search-path")).unwrap();
    assert!(Path::new(folder.trim()).join("shmoo").exists());
    assert_eq!(fs::read_dir(setup.path("temp")).unwrap().count(), 0, "what was downloaded is left");
    // The second time it is there.
    fs::remove_file(setup.path("releases").join(setup.archive())).unwrap();
    assert_eq!(setup.run(&[("INPUT_VERSION", "v1.2.3")]).unwrap().code, 0);
    assert!(setup.told().unwrap().ends_with("origin=cache\n"));
    // What was changed there is not used: neither the binary nor the archive.
    let mallory = "#!/bin/sh\necho mallory\n";
    fs::write(Path::new(folder.trim()).join("shmoo"), mallory).unwrap();
    let output = setup.run(&[]).unwrap();
    assert!(output.code == 0 && output.stdout.contains("shmoo 1.2.3"), "{}", output.stdout);
    fs::write(Path::new(folder.trim()).parent().unwrap().join(setup.archive()), mallory).unwrap();
    let output = setup.run(&[]).unwrap();
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("cannot download") && !output.stdout.contains("mallory"), "{}", output.stdout);
}

#[test]
fn another_binary_is_refused() {
    let setup = Setup::new().unwrap();
    setup.release().unwrap();
    let path = setup.path("releases").join(setup.archive());
    let mut bytes = fs::read(&path).unwrap();
    bytes.push(0);
    fs::write(&path, bytes).unwrap();
    let output = setup.run(&[]).unwrap();
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("has SHA-256") && !setup.path("search-path").exists(), "{}", output.stdout);
    assert_eq!(fs::read_dir(setup.path("tools")).unwrap().count(), 0);
}

#[test]
fn attestations() {
    let setup = Setup::new().unwrap();
    setup.release().unwrap();
    let require = [("INPUT_REQUIRE_ATTESTATION", "true")];
    assert!(setup.run(&require).unwrap().stdout.contains("there is no gh"));
    setup.program("gh", "echo \"$@\" > \"$RUNNER_TEMP/../gh\"; exit 1").unwrap();
    let output = setup.run(&require).unwrap();
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("was not confirmed"), "{}", output.stdout);
    let asked = fs::read_to_string(setup.path("gh")).unwrap();
    assert!(asked.contains("--repo lab/shmoo --signer-workflow lab/shmoo/.github/workflows/release.yml"), "{asked}");
    // Without the wish it is a warning: the digest is right.
    let output = setup.run(&[]).unwrap();
    assert_eq!(output.code, 0);
    assert!(output.stdout.contains("::warning title=shmoo setup::"), "{}", output.stdout);
    fs::remove_dir_all(setup.path("tools")).unwrap();
    setup.program("gh", "exit 0").unwrap();
    let output = setup.run(&require).unwrap();
    assert_eq!(output.code, 0, "{}", output.stdout);
    assert!(output.stdout.contains("attestation verified"));
}

#[test]
fn what_is_not_released_is_built() {
    let setup = Setup::new().unwrap();
    let output = setup.run(&[]).unwrap();
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("there is no cargo to build it"), "{}", output.stdout);
    let build = r#"mkdir -p "$CARGO_TARGET_DIR/release"
printf '#!/bin/sh\necho built: %s\n' "$*" > "$CARGO_TARGET_DIR/release/shmoo"
chmod +x "$CARGO_TARGET_DIR/release/shmoo""#;
    setup.program("cargo", build).unwrap();
    let output = setup.run(&[]).unwrap();
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("built: build --release --locked --manifest-path"), "{}", output.stdout);
    assert!(setup.told().unwrap().ends_with("origin=source\n"));
    let output = setup.run(&[("INPUT_REQUIRE_ATTESTATION", "true")]).unwrap();
    assert!(output.code == 1 && output.stdout.contains("is not released"), "{}", output.stdout);
}

/// Runs `setup.sh key`, and returns key and path.
fn key(setup: &Setup) -> Outcome<(String, String)> {
    let output = setup.command(&["key"], &[]).output()?;
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let told = setup.told()?;
    let (key, path) = told.trim().split_once('\n').ok_or("two lines")?;
    Ok((key.strip_prefix("key=").ok_or("a key")?.to_owned(), path.strip_prefix("path=").ok_or("a path")?.to_owned()))
}

#[test]
fn a_cache_keeps_what_is_installed() {
    let setup = Setup::new().unwrap();
    fs::create_dir(setup.path("repository/src")).unwrap();
    fs::write(setup.path("repository/src/main.rs"), "one").unwrap();
    let built = r#"mkdir -p "$CARGO_TARGET_DIR/release"
printf '#!/bin/sh\necho built\n' > "$CARGO_TARGET_DIR/release/shmoo"
chmod +x "$CARGO_TARGET_DIR/release/shmoo""#;
    setup.program("cargo", built).unwrap();
    // A build is kept under what it was made from.
    let (first, path) = key(&setup).unwrap();
    assert!(first.contains("-source-") && !Path::new(&path).exists(), "{first} {path}");
    assert_eq!(setup.run(&[]).unwrap().code, 0);
    assert!(setup.told().unwrap().contains(&format!("path={path}\norigin=source")));
    fs::remove_dir_all(setup.path("tools/shmoo/build")).unwrap();
    setup.program("cargo", "exit 1").unwrap();
    assert_eq!(key(&setup).unwrap(), (first.clone(), path));
    assert_eq!(setup.run(&[]).unwrap().code, 0);
    assert!(setup.told().unwrap().ends_with("origin=cache\n"));
    fs::write(setup.path("repository/src/main.rs"), "two").unwrap();
    assert_ne!(key(&setup).unwrap().0, first);
    assert_ne!(setup.run(&[]).unwrap().code, 0, "another source is built anew");
    // A release is kept under its digest.
    setup.release().unwrap();
    let (released, path) = key(&setup).unwrap();
    let digest = fs::read_to_string(setup.path("repository/actions/setup/checksums.txt")).unwrap();
    let digest = digest.split(' ').next().unwrap();
    assert!(released.ends_with(&format!("-{VERSION}-{digest}")) && path.ends_with(digest), "{released} {path}");
    assert_eq!(setup.run(&[]).unwrap().code, 0);
    assert!(Path::new(&path).join(setup.archive()).exists());
}

#[test]
fn wrong_inputs_are_refused() {
    let setup = Setup::new().unwrap();
    for (name, value) in [
        ("INPUT_VERSION", "latest"),
        ("INPUT_VERSION", "1.2"),
        ("INPUT_VERSION", "1.2.3; id"),
        ("INPUT_REQUIRE_ATTESTATION", "yes"),
    ] {
        assert_eq!(setup.run(&[(name, value)]).unwrap().code, 2, "{name}={value}");
    }
    let output = setup.run(&[("INPUT_VERSION", "9.9.9")]).unwrap();
    assert!(output.code == 1 && output.stdout.contains("is not listed"), "{}", output.stdout);
}
