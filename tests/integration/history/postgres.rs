//! What is special about a server: passwords, encryption, and that it may be slow or gone.

use super::place::Place;
use super::sample::{full_record, record};
use super::server::{PASSWORD, Server, close, execute};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use shmoo::outside::history::{
    Environment, History, HistoryError, PostgresPlace, RunFilter, StoredHistory, Waiting, open_history, open_postgres,
};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Returns an error with all that led to it, in which no password may be.
fn told(error: &HistoryError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    for secret in ["hunter2", "wrong-one"] {
        assert!(!format!("{text} {error:?} {:?}", error.hint()).contains(secret), "{error:?}");
    }
    text
}

fn open(url: &str, environment: &Environment) -> Result<Box<dyn History>, HistoryError> {
    open_history(url, Path::new("/nonexistent"), environment)
}

fn impatient(url: &str) -> Result<StoredHistory, HistoryError> {
    let waiting = Waiting { connect: Duration::from_millis(700), answer: Duration::from_millis(700) };
    open_postgres(&PostgresPlace::parse(url, None).unwrap(), &Environment::default(), waiting)
}

#[test]
fn passwords() {
    let server = Server::start();
    let folder = TempDir::new().unwrap();
    let address = format!("127.0.0.1:{}", server.port);
    let url = format!("postgres://test@{address}/postgres");
    let escaped = "hunter2%3A%2F%40";
    let full = format!("postgres://test:{escaped}@{address}/postgres");
    let none = Environment::default;
    // None at all, and a wrong one.
    let error = open(&url, &none()).err().unwrap();
    assert!(matches!(&error, HistoryError::Refused { verb: "open", .. }), "{}", told(&error));
    let error = open(&format!("postgres://test:wrong-one@{address}/postgres"), &none()).err().unwrap();
    let expected = format!(
        "the history `{url}` does not let us open it: db error: FATAL: password authentication failed for user \"test\""
    );
    assert_eq!(told(&error), expected);
    assert!(error.hint().unwrap().contains("PGPASSWORD"));
    // In the URL, which a variable has; in a variable of its own; in the file.
    assert_eq!(open(&full, &none()).unwrap().location(), format!("`{url}`"));
    assert_eq!(open("env:PLACE", &Environment::new([("PLACE", &full)])).unwrap().location(), format!("`{url}`"));
    open(&url, &Environment::new([("PGPASSWORD", PASSWORD)])).unwrap();
    let file = folder.path().join(".pgpass");
    fs::write(&file, format!("*:*:*:test:{}\n", PASSWORD.replace(':', "\\:"))).unwrap();
    let environment = Environment::new([("HOME", folder.path().display().to_string())]);
    let error = open(&url, &environment).err().unwrap();
    assert!(told(&error).contains("others may read it"), "{}", told(&error));
    close(&file);
    open(&url, &environment).unwrap();
    open(&url, &Environment::new([("PGPASSFILE", file.display().to_string())])).unwrap();
    // No such database, no such user, a user who may not make tables.
    let error = open(&full.replace("/postgres", "/none"), &none()).err().unwrap();
    assert!(told(&error).ends_with("database \"none\" does not exist"), "{}", told(&error));
    for sql in ["CREATE DATABASE shut", "CREATE ROLE ci LOGIN"] {
        execute(&server.url("postgres"), sql);
    }
    execute(&server.url("shut"), "REVOKE CREATE ON SCHEMA public FROM public");
    let error = open(&server.url("shut").replace("test@", "ci@"), &none()).err().unwrap();
    assert!(matches!(&error, HistoryError::Refused { .. }), "{}", told(&error));
    assert!(error.is_away());
    // A schema of its own is as good as a database.
    execute(&server.url("shut"), "CREATE SCHEMA ci AUTHORIZATION ci; CREATE TABLE public.other (x TEXT)");
    let own = format!("{}&options=-c%20search_path%3Dci", server.url("shut").replace("test@", "ci@"));
    open(&own, &none()).unwrap().record(&record("a", 0)).unwrap();
}

/// Certificates of an authority of our own for a server at these names.
struct Certificates {
    authority: String,
    server: String,
    key: String,
}

fn certificates(names: &[&str]) -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    Certificates { authority: authority.pem(), server: server.pem(), key: key.serialize_pem() }
}

const ENCRYPTED: [&str; 3] = ["ssl=on", "ssl_cert_file=../server.pem", "ssl_key_file=../server.key"];

#[test]
fn encryption() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let other = certificates(&["localhost"]);
    fs::write(path("other.pem"), &other.authority).unwrap();
    fs::write(path("empty.pem"), "").unwrap();
    // The certificate names `localhost`, and not the address.
    let own = certificates(&["localhost"]);
    fs::write(path("ca.pem"), &own.authority).unwrap();
    let server = Server::start_with(&ENCRYPTED, |folder| {
        fs::write(folder.join("server.pem"), &own.server).unwrap();
        fs::write(folder.join("server.key"), &own.key).unwrap();
        close(&folder.join("server.key"));
    });
    let plain = Server::start();
    let environment = |roots: Option<String>| {
        let roots = roots.map(|roots| ("PGSSLROOTCERT", roots));
        Environment::new([("PGPASSWORD", PASSWORD.to_owned())].into_iter().chain(roots))
    };
    let try_it = |server: &Server, host: &str, options: &str, roots: Option<String>| {
        let url = format!("postgres://test@{host}:{}/postgres?{options}", server.port);
        open(&url, &environment(roots))
    };
    let encrypted = |history: &dyn History| {
        // Asked from beside, since it is the server who knows.
        history.runs(&RunFilter::default()).unwrap();
        let sql = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND usename = 'test'";
        super::server::number(&server.url("postgres"), sql) > 0
    };
    let works = |host: &str, options: &str, roots: Option<String>, wanted: bool| {
        let history =
            try_it(&server, host, options, roots).unwrap_or_else(|error| panic!("{options}: {}", told(&error)));
        assert_eq!(encrypted(&*history), wanted, "{host} {options}");
    };
    works("127.0.0.1", "sslmode=disable", None, false);
    works("127.0.0.1", "sslmode=prefer", None, true);
    works("127.0.0.1", "", None, true);
    works("127.0.0.1", "sslmode=require", None, true);
    works("127.0.0.1", "sslmode=verify-ca", Some(path("ca.pem")), true);
    works("localhost", "sslmode=verify-full", Some(path("ca.pem")), true);
    works("localhost", &format!("sslmode=verify-full&sslrootcert={}", path("ca.pem")), Some(path("other.pem")), true);
    works("localhost", "", Some(path("ca.pem")), true);
    let fails = |server: &Server, host: &str, options: &str, roots: Option<&str>, expected: &str| {
        let error = try_it(server, host, options, roots.map(path)).err().unwrap_or_else(|| panic!("{options}"));
        assert!(told(&error).contains(expected), "{host} {options}: {}", told(&error));
    };
    fails(&server, "127.0.0.1", "sslmode=verify-full", Some("ca.pem"), "not valid for name");
    fails(&server, "localhost", "sslmode=verify-full", Some("other.pem"), "invalid peer certificate");
    fails(&server, "localhost", "sslmode=verify-ca", Some("other.pem"), "invalid peer certificate");
    fails(&server, "localhost", "sslmode=require", Some("other.pem"), "invalid peer certificate");
    fails(&server, "localhost", "sslmode=verify-full", Some("empty.pem"), "there is no certificate in it");
    fails(&server, "localhost", "sslmode=verify-full", Some("none.pem"), "cannot take the certificates");
    fails(&plain, "localhost", "sslmode=require", None, "server does not support TLS");
    try_it(&plain, "127.0.0.1", "sslmode=prefer", None).unwrap();
}

#[test]
fn a_server_that_is_slow_or_gone() {
    let mut server = Server::start();
    let place = Place::postgres(&server, "gone");
    let history = impatient(&place.location).unwrap();
    history.record(&full_record()).unwrap();
    // It stands still.
    server.signal("STOP");
    let error = impatient(&place.location).err().unwrap();
    assert!(told(&error).ends_with("there was no answer for 1 s"), "{}", told(&error));
    server.signal("CONT");
    // Somebody is in the way, for longer than we wait.
    let other = place.open();
    let blocked = {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&place.location, tokio_postgres::NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            client.batch_execute("BEGIN; LOCK TABLE runs IN ACCESS EXCLUSIVE MODE").await.unwrap();
            let blocked = tokio::task::spawn_blocking(move || {
                let error = history.record(&record("blocked", 1)).unwrap_err();
                (history, error)
            });
            let blocked = blocked.await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
            blocked
        })
    };
    let (history, error) = blocked;
    assert!(told(&error).contains("lock timeout"), "{}", told(&error));
    // The way is free: the connection is as good as before.
    history.record(&record("after", 2)).unwrap();
    assert_eq!(other.runs(&RunFilter::default()).unwrap().len(), 2);
    // It is gone for good.
    server.end();
    let error = history.record(&record("lost", 3)).unwrap_err();
    assert!(matches!(&error, HistoryError::Unreachable { .. }), "{}", told(&error));
    assert!(error.is_away() && error.hint().unwrap().contains("shmoo record RUN"));
    let error = other.runs(&RunFilter::default()).unwrap_err();
    assert!(matches!(&error, HistoryError::Unreachable { .. }), "{}", told(&error));
    let error = open(&place.location, &Environment::default()).err().unwrap();
    assert!(matches!(&error, HistoryError::Unreachable { .. }), "{}", told(&error));
}

#[test]
fn a_server_ends_with_its_test() {
    let started = std::panic::catch_unwind(|| {
        let server = Server::start();
        std::panic::panic_any(server.port);
    });
    let port = *started.unwrap_err().downcast::<u16>().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}
