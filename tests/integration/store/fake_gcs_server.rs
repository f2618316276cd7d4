//! The same promises where an emulator of others answers.

use super::contract::{contract, key};
use super::{at, bytes, patient, post};
use crate::integration::sandbox::until;
use shmoo::outside::store::{ObjectInfo, Store};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Starts the server and ends it when nobody holds our end of the pipe any more.
const WATCHDOG: &str = r#"
"$1" -scheme http -host 127.0.0.1 -port "$2" -public-host "127.0.0.1:$2" -external-url "http://127.0.0.1:$2" \
    -backend memory > /dev/null 2>&1 < /dev/null &
server=$!
read -r _ || true
kill -KILL "$server" 2> /dev/null || true
wait "$server" || true
"#;

/// A fake-gcs-server, gone afterwards however the test ends.
pub(in crate::integration) struct Server {
    watchdog: Child,
    port: u16,
}

impl Server {
    /// Starts it, with the bucket `lab`; none where it is not published for the processor.
    pub(in crate::integration) fn start() -> Option<Server> {
        let Some(program) = program() else {
            let published = std::env::consts::ARCH == "x86_64";
            assert!(!published, "fake-gcs-server is missing: `scripts/setup.sh test` installs it");
            // The set-up script has said so.
            return None;
        };
        // Another process may take the port before the server does.
        let server = (0..5).find_map(|_| {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut command = Command::new("bash");
            command.args(["-c", WATCHDOG, "watchdog"]).arg(&program).arg(port.to_string());
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
            let mut watchdog = command.spawn().unwrap();
            let ready = until("fake-gcs-server", || {
                let ended = watchdog.try_wait().unwrap().is_some();
                let there = TcpStream::connect(("127.0.0.1", port)).is_ok();
                (there || ended).then_some(there)
            });
            ready.then_some(Server { watchdog, port })
        });
        let server = server.expect("fake-gcs-server starts");
        let made =
            post(&format!("{}/storage/v1/b?project=p", server.url()), "application/json", r#"{"name":"lab"}"#.into());
        assert_eq!(made, 200);
        Some(server)
    }

    pub(in crate::integration) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

fn program() -> Option<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".tools/bin");
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(own).chain(std::env::split_paths(&search_path));
    folders.map(|folder| folder.join("fake-gcs-server")).find(|path| path.exists())
}

#[test]
fn keeps_the_promises() {
    let Some(server) = Server::start() else { return };
    contract(&at(&server.url(), patient()));
}

#[test]
fn takes_uploads_of_many_chunks_from_many_threads() {
    let Some(server) = Server::start() else { return };
    let store = at(&server.url(), patient());
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..4usize {
            let (store, folder) = (&store, folder.path());
            scope.spawn(move || {
                let content = bytes((number + 2) * 900_001);
                let (from, to) = (folder.join(format!("from-{number}")), folder.join(format!("to-{number}")));
                fs::write(&from, &content).unwrap();
                let name = key(&format!("runs/{number}.tar.gz"));
                let info = ObjectInfo { bytes: content.len() as u64, crc32c: Some(crc32c::crc32c(&content)) };
                assert_eq!(store.put_file(&name, &from).unwrap(), info);
                assert_eq!(store.head(&name).unwrap(), Some(info));
                assert_eq!(store.get_to_file(&name, &to).unwrap(), info);
                assert!(fs::read(&to).unwrap() == content);
                assert!(store.read_at(&name, 900_000, 5000).unwrap() == content[900_000..905_000]);
            });
        }
    });
    assert_eq!(store.list("runs/").unwrap().len(), 4);
}
