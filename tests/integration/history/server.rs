//! A PostgreSQL server for one test, on loopback, gone afterwards however the test ends.

use crate::integration::sandbox::until;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// The password of the user `test` over TCP: with characters that a URL must escape.
pub(super) const PASSWORD: &str = "hunter2:/@";

/// Starts the server and ends it when nobody holds our end of the pipe any more, so that it outlives
/// neither a test that fails nor one that is killed.
const WATCHDOG: &str = r#"
set -eu
folder=$1 port=$2 binaries=$3
shift 3
cd "$folder"
"$binaries/initdb" -D data -U test --auth-local=trust --auth-host=scram-sha-256 --pwfile=password \
    --no-sync -E UTF8 --locale=C > log 2>&1
"$binaries/postgres" -D data -k "$folder" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c max_connections=60 -c shared_buffers=16MB -c cluster_name=shmoo-test "$@" >> log 2>&1 < /dev/null &
server=$!
read -r _ || true
kill -QUIT "$server" 2> /dev/null || true
wait "$server" || true
rm -rf "$folder"/* 2> /dev/null || true
"#;

/// A server that runs.
pub(in crate::integration) struct Server {
    watchdog: Child,
    folder: TempDir,
    pub(super) port: u16,
}

impl Server {
    pub(in crate::integration) fn start() -> Server {
        Server::start_with(&[], |_| {})
    }

    /// Starts a server with settings; `prepare` puts files into its folder.
    pub(super) fn start_with(settings: &[&str], prepare: impl Fn(&Path)) -> Server {
        // Another process may take the port before the server does.
        (0..5).find_map(|_| Server::try_start(settings, &prepare)).expect("a server starts")
    }

    fn try_start(settings: &[&str], prepare: &dyn Fn(&Path)) -> Option<Server> {
        let binaries = binaries();
        // The path of a socket is short.
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        prepare(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("bash");
        command.args(["-c", WATCHDOG, "watchdog"]).arg(folder.path()).arg(port.to_string()).arg(&binaries);
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        command.env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Who ends the test with a signal to its group must not end the watchdog first.
        command.process_group(0);
        if rustix::process::geteuid().is_root() {
            // PostgreSQL refuses to run as root.
            let (user, group) = nobody();
            for entry in fs::read_dir(folder.path()).unwrap() {
                chown(entry.unwrap().path(), Some(user), Some(group)).unwrap();
            }
            chown(folder.path(), Some(user), Some(group)).unwrap();
            command.uid(user).gid(group);
        }
        let watchdog = command.spawn().unwrap();
        let mut server = Server { watchdog, folder, port };
        until("the database server", || {
            let log = server.log();
            if log.contains("ready to accept connections") {
                return Some(true);
            }
            let ended = server.watchdog.try_wait().unwrap().is_some();
            let taken = log.contains("Address already in use");
            assert!(taken || !ended && !log.contains("FATAL"), "the database server does not start:\n{log}");
            taken.then_some(false)
        })
        .then_some(server)
    }

    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap_or_default()).into_owned()
    }

    /// Returns the URL of a database by the socket, where nobody is asked for a password.
    pub(in crate::integration) fn url(&self, database: &str) -> String {
        format!("postgres://test@:{}/{database}?host={}", self.port, self.folder.path().display())
    }

    /// Makes a database whose texts sort in another order than bytes, and returns its URL.
    pub(in crate::integration) fn database(&self, name: &str) -> String {
        let admin = self.url("postgres");
        let version = number(&admin, "SELECT current_setting('server_version_num')::bigint");
        let order = if version >= 150_000 { "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'" } else { "" };
        execute(&admin, &format!("CREATE DATABASE {name} TEMPLATE template0 {order}"));
        self.url(name)
    }

    /// Sends a signal to the server itself.
    pub(super) fn signal(&self, name: &str) {
        let file = fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        let process = file.lines().next().unwrap().trim().to_owned();
        assert!(Command::new("kill").args([format!("-{name}"), process]).status().unwrap().success());
    }

    /// Ends the server as its machine would: at once.
    pub(super) fn end(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Returns the folder of the server's programs: on the search path, or where Debian puts them.
fn binaries() -> PathBuf {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&search_path).map(|folder| folder.join("initdb"));
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin/initdb")).collect();
    installed.sort();
    let found = installed.into_iter().rev().chain(on_path).find(|path| path.exists());
    let found = found.expect("PostgreSQL is missing: `scripts/setup.sh test` installs it");
    found.parent().unwrap().to_owned()
}

/// Returns user and group of `nobody`.
fn nobody() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("nobody:")).expect("there is a user `nobody`");
    let mut numbers = line.split(':').skip(2).map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// Does something with a connection of its own to a URL of [`Server::url`].
fn connected<T>(url: &str, work: impl AsyncFnOnce(&tokio_postgres::Client) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let result = work(&client).await;
        drop(client);
        connection.await.unwrap().unwrap();
        result
    })
}

pub(super) fn execute(url: &str, sql: &str) {
    connected(url, async |client| client.batch_execute(sql).await).unwrap();
}

pub(super) fn number(url: &str, sql: &str) -> i64 {
    connected(url, async |client| client.query_one(sql, &[]).await).unwrap().get(0)
}

/// Lets only its owner read a file, as keys want it.
pub(super) fn close(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
