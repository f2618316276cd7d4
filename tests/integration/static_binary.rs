//! The binary that needs nothing of the machine it runs on: `make test` links it and says where it is.
//!
//! Without `SHMOO_STATIC_BINARY` there is none to look at, and these tests say so.

use super::command::Outcome;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

const SUITE: &str = r#"version: 1
suite: tiny
params:
  size: { code: s, values: [1, 2] }
stages:
  count:
    shell: echo "lines=$SHMOO_PARAM_SIZE"
    evidence: [{ key_value: stdout }]
    metrics:
      lines: { better: exact }
"#;

#[expect(clippy::print_stderr, reason = "whoever runs the tests should see what was not tested")]
fn static_binary() -> Option<PathBuf> {
    let path = std::env::var_os("SHMOO_STATIC_BINARY").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: `scripts/static.sh` makes the binary that SHMOO_STATIC_BINARY names");
    }
    path
}

/// What a program wants of the machine: the loader, and how many libraries.
#[derive(Debug, PartialEq)]
struct Wants {
    loader: bool,
    libraries: usize,
}

/// Reads the program headers of a 64-bit little-endian ELF file (System V ABI, chapter 5).
fn wants(path: &Path) -> Outcome<Wants> {
    let bytes = fs::read(path)?;
    assert_eq!(&bytes[..6], b"\x7fELF\x02\x01");
    let number = |at: usize, length: usize| {
        bytes[at..at + length].iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte)) as usize
    };
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    let headers: Vec<usize> = (0..count).map(|index| table + index * size).collect();
    let of_kind = |kind: usize| headers.iter().copied().filter(move |&at| number(at, 4) == kind);
    let (interpreter, dynamic, needed) = (3, 2, 1);
    let entries = of_kind(dynamic).flat_map(|at| {
        let (start, length) = (number(at + 8, 8), number(at + 32, 8));
        (start..start + length).step_by(16)
    });
    let libraries = entries.filter(|&at| number(at, 8) == needed).count();
    Ok(Wants { loader: of_kind(interpreter).next().is_some(), libraries })
}

fn run(program: &Path, folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome<Output> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder);
    Ok(command.envs(variables.iter().copied()).stdin(Stdio::null()).output()?)
}

/// Answers every request over TLS with a 404 that says so; returns the address and the certificate of the authority.
fn over_tls() -> Outcome<(String, String)> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("https://localhost:{}", listener.local_addr()?.port());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let Ok(connection) = ServerConnection::new(config.clone()) else { return };
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            let body = "{\"message\":\"said over TLS\"}";
            let head = "HTTP/1.1 404 x\r\ncontent-type: application/json\r\nconnection: close";
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            // Whoever went away does not want it.
            let _ = stream.get_mut().write_all(answer.as_bytes());
            stream.get_mut().conn.send_close_notify();
            let _ = stream.get_mut().flush();
        }
    });
    Ok((address, authority.pem()))
}

#[test]
fn it_needs_no_loader_and_no_library() {
    // The usual binary shows that the question is asked rightly.
    let usual = wants(Path::new(env!("CARGO_BIN_EXE_shmoo"))).unwrap();
    assert!(usual.loader && usual.libraries > 0, "{usual:?}");
    let Some(program) = static_binary() else { return };
    assert_eq!(wants(&program).unwrap(), Wants { loader: false, libraries: 0 });
}

#[test]
fn it_sweeps() {
    let Some(program) = static_binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("suite.yaml"), SUITE).unwrap();
    let version = run(&program, folder.path(), &["--version"], &[]).unwrap();
    assert_eq!(String::from_utf8_lossy(&version.stdout), format!("shmoo {}\n", env!("CARGO_PKG_VERSION")));
    let swept = run(&program, folder.path(), &["sweep", "suite.yaml"], &[]).unwrap();
    assert!(swept.status.success(), "{swept:?}");
    let report = run(&program, folder.path(), &["report", "last", "--format", "json"], &[]).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["cases"].as_array().map(Vec::len), Some(2), "{report}");
}

#[test]
fn it_speaks_tls_and_finds_hosts_by_name() {
    let Some(program) = static_binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("suite.yaml"), SUITE).unwrap();
    assert!(run(&program, folder.path(), &["sweep", "suite.yaml"], &[]).unwrap().status.success());
    let (address, certificate) = over_tls().unwrap();
    fs::write(folder.path().join("trusted.pem"), certificate).unwrap();
    let comment = |trusted: &str| {
        let variables = [
            ("GITHUB_API_URL", address.as_str()),
            ("GITHUB_REPOSITORY", "lab/chip"),
            ("GITHUB_TOKEN", "ghs_test"),
            ("SSL_CERT_FILE", trusted),
        ];
        let output = run(&program, folder.path(), &["comment", "--pr", "2", "--max-wait", "1"], &variables).unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let said = comment("trusted.pem");
    assert!(said.contains("404") && said.contains("said over TLS"), "{said}");
    // Whose certificate nobody knows is not believed.
    fs::write(folder.path().join("empty.pem"), "").unwrap();
    let said = comment("empty.pem");
    assert!(said.contains("invalid peer certificate"), "{said}");
}
