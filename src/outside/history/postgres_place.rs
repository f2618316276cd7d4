//! Where a history in PostgreSQL is: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE&...`.
//!
//! The URL may hold a password, so that no error shows any part of it that was not understood.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The port where servers listen unless they are told another.
const DEFAULT_PORT: u16 = 5432;

/// Options of libpq that we know of and do not take.
const NOT_TAKEN: &[&str] = &[
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "sslcrldir",
    "sslcompression",
    "sslnegotiation",
    "sslsni",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "channel_binding",
    "gssencmode",
    "krbsrvname",
    "hostaddr",
    "passfile",
    "service",
    "target_session_attrs",
    "load_balance_hosts",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "client_encoding",
    "replication",
    "requiressl",
    "requirepeer",
    "require_auth",
];

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It is none of a server.
    #[error("it does not start with `postgres://`")]
    Scheme,
    /// A character of a name or password divides the URL at the wrong place.
    #[error("it has more than one `@` before its options")]
    Authority,
    /// A percent sign that stands for nothing.
    #[error("a `%` is not followed by two hex digits that make a character")]
    Escape,
    /// No host.
    #[error("it names no host")]
    NoHost,
    /// More than one.
    #[error("it names several hosts")]
    SeveralHosts,
    /// No port.
    #[error("its port is no number from 1 to 65535")]
    Port,
    /// No user.
    #[error("it names no user")]
    NoUser,
    /// An option that we do not know.
    #[error("it has an option that is not known")]
    UnknownOption,
    /// An option that libpq knows, and we do not.
    #[error("its option `{0}` is not supported")]
    Unsupported(&'static str),
    /// No such mode.
    #[error("its `sslmode` is none")]
    SslMode,
    /// No number of seconds.
    #[error("its `connect_timeout` is no number of seconds")]
    ConnectTimeout,
}

impl PlaceError {
    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        match self {
            PlaceError::Scheme | PlaceError::NoUser => "write `postgres://USER@HOST/DATABASE`".to_owned(),
            PlaceError::Authority | PlaceError::Escape | PlaceError::Port => {
                "in a user or password, write `@` as `%40`, `:` as `%3A`, `/` as `%2F`, `?` as `%3F`, `#` as `%23`, \
                 `%` as `%25`"
                    .to_owned()
            }
            PlaceError::NoHost => {
                "write `postgres://USER@HOST/DATABASE`, or for a socket `postgres://USER@/DATABASE?host=/run/postgresql`"
                    .to_owned()
            }
            PlaceError::SeveralHosts => "name one, such as the writer's".to_owned(),
            PlaceError::UnknownOption | PlaceError::Unsupported(_) => {
                "the options are `sslmode`, `sslrootcert`, `connect_timeout`, `application_name`, `options`, and \
                 `host`, `port`, `user`, `password`, `dbname`"
                    .to_owned()
            }
            PlaceError::SslMode => "it is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`".to_owned(),
            PlaceError::ConnectTimeout => "write such as `connect_timeout=10`".to_owned(),
        }
    }
}

/// A text that nobody may see.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// How a connection is kept from others, as libpq names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server can.
    Prefer,
    /// Encrypted, with whoever answers; with certificates to trust, as `VerifyCa`.
    Require,
    /// Encrypted, with a server that has a certificate from somebody we trust.
    VerifyCa,
    /// The same, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    /// Returns the mode of a name.
    pub(super) fn named(text: &str) -> Option<SslMode> {
        Some(match text {
            "disable" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            "verify-ca" => SslMode::VerifyCa,
            "verify-full" => SslMode::VerifyFull,
            _ => return None,
        })
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A name or an address.
    Tcp(String),
    /// The folder of its socket.
    Socket(PathBuf),
}

/// Where a history in PostgreSQL is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresPlace {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) database: String,
    /// None: as fits the host.
    pub(super) ssl_mode: Option<SslMode>,
    /// A PEM file, or `system`.
    pub(super) root_certificates: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) application_name: Option<String>,
    /// Settings of the session, such as `-c search_path=shmoo`.
    pub(super) options: Option<String>,
}

impl PostgresPlace {
    /// Reads a URL. `user` stands in for one that it does not name.
    ///
    /// # Errors
    /// What is wrong; never the text that is wrong, which may be a password.
    pub fn parse(url: &str, user: Option<&str>) -> Result<PostgresPlace, PlaceError> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.ok_or(PlaceError::Scheme)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if rest.matches('@').count() > 1 {
            return Err(PlaceError::Authority);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains('@') {
            return Err(PlaceError::Authority);
        }
        let (login, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (own_user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(decode(password)?)),
            None => (login, None),
        };
        let (host, port) = split_port(address)?;
        let mut parts = Parts {
            host: decode(host)?,
            port,
            user: decode(own_user)?,
            password: password.map(Secret::new),
            database: decode(path)?,
            ..Parts::default()
        };
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or(PlaceError::UnknownOption)?;
            parts.set(&decode(name)?, decode(value)?)?;
        }
        parts.finish(user)
    }

    /// Names the place for people, without its password.
    pub fn shown(&self) -> String {
        let PostgresPlace { host, port, user, database, .. } = self;
        let port = if *port == DEFAULT_PORT { String::new() } else { format!(":{port}") };
        match host {
            Host::Tcp(host) if host.contains(':') => format!("`postgres://{user}@[{host}]{port}/{database}`"),
            Host::Tcp(host) => format!("`postgres://{user}@{host}{port}/{database}`"),
            Host::Socket(folder) => format!("`postgres://{user}@{port}/{database}?host={}`", folder.display()),
        }
    }

    /// Tells whether it is on this machine.
    pub(super) fn is_local(&self) -> bool {
        match &self.host {
            Host::Socket(_) => true,
            Host::Tcp(host) => {
                host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
        }
    }
}

/// What was said so far.
#[derive(Default)]
struct Parts {
    host: String,
    port: Option<u16>,
    user: String,
    password: Option<Secret>,
    database: String,
    ssl_mode: Option<SslMode>,
    root_certificates: Option<String>,
    connect_timeout: Option<Duration>,
    application_name: Option<String>,
    options: Option<String>,
}

impl Parts {
    fn set(&mut self, name: &str, value: String) -> Result<(), PlaceError> {
        match name {
            "host" => self.host = value,
            "port" => self.port = Some(port_of(&value)?),
            "user" => self.user = value,
            "password" => self.password = Some(Secret::new(value)),
            "dbname" => self.database = value,
            "sslmode" => self.ssl_mode = Some(SslMode::named(&value).ok_or(PlaceError::SslMode)?),
            "sslrootcert" => self.root_certificates = Some(value),
            "connect_timeout" => {
                let seconds = value.parse().map_err(|_| PlaceError::ConnectTimeout)?;
                // As with libpq, 0 is no limit of its own.
                self.connect_timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
            }
            "application_name" => self.application_name = Some(value),
            "options" => self.options = Some(value),
            other => {
                let known = NOT_TAKEN.iter().find(|known| **known == other);
                return Err(known.map_or(PlaceError::UnknownOption, |known| PlaceError::Unsupported(known)));
            }
        }
        Ok(())
    }

    fn finish(self, user: Option<&str>) -> Result<PostgresPlace, PlaceError> {
        let Parts { host, port, user: own_user, password, database, ssl_mode, root_certificates, .. } = self;
        let user = if own_user.is_empty() { user.unwrap_or_default().to_owned() } else { own_user };
        if user.is_empty() {
            return Err(PlaceError::NoUser);
        }
        if host.is_empty() {
            return Err(PlaceError::NoHost);
        }
        if host.contains(',') {
            return Err(PlaceError::SeveralHosts);
        }
        let host = if host.starts_with('/') { Host::Socket(Path::new(&host).to_owned()) } else { Host::Tcp(host) };
        Ok(PostgresPlace {
            host,
            port: port.unwrap_or(DEFAULT_PORT),
            database: if database.is_empty() { user.clone() } else { database },
            user,
            password,
            ssl_mode,
            root_certificates,
            connect_timeout: self.connect_timeout,
            application_name: self.application_name,
            options: self.options,
        })
    }
}

/// Splits `HOST:PORT`, where the host may be an address in brackets.
fn split_port(address: &str) -> Result<(&str, Option<u16>), PlaceError> {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(PlaceError::NoHost)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port_of(port)?),
            None if rest.is_empty() => None,
            None => return Err(PlaceError::Port),
        };
        return Ok((host, port));
    }
    if address.contains(',') {
        return Err(PlaceError::SeveralHosts);
    }
    match address.split_once(':') {
        Some((host, port)) => Ok((host, Some(port_of(port)?))),
        None => Ok((address, None)),
    }
}

fn port_of(text: &str) -> Result<u16, PlaceError> {
    text.parse().ok().filter(|port| *port > 0).ok_or(PlaceError::Port)
}

/// Replaces `%XX`.
fn decode(text: &str) -> Result<String, PlaceError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(PlaceError::Escape)?;
        bytes.push(byte);
        rest = &after[2..];
    }
    String::from_utf8(bytes).map_err(|_| PlaceError::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<PostgresPlace, PlaceError> {
        PostgresPlace::parse(url, None)
    }

    #[test]
    fn urls() {
        let check = |url: &str, shown: &str, password: Option<&str>| {
            let place = parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(place.shown(), format!("`{shown}`"), "{url}");
            assert_eq!(place.password.as_ref().map(Secret::reveal), password, "{url}");
            assert!(!format!("{place:?}").contains("hunter2"));
        };
        check("postgres://ci@db.example.org/shmoo", "postgres://ci@db.example.org/shmoo", None);
        check("postgresql://ci@db:5433", "postgres://ci@db:5433/ci", None);
        check("postgres://ci:hunter2@db:5432/x", "postgres://ci@db/x", Some("hunter2"));
        check("postgres://c%40i:hunter2%40%2f%3a%25@db/x", "postgres://c@i@db/x", Some("hunter2@/:%"));
        check("postgres://ci@[::1]:5433/x", "postgres://ci@[::1]:5433/x", None);
        check("postgres://ci@/x?host=/run/postgresql", "postgres://ci@/x?host=/run/postgresql", None);
        check("postgres://%2Fcloudsql%2Fp%3Ar%3Ai/x?user=ci", "postgres://ci@/x?host=/cloudsql/p:r:i", None);
        check("postgres:///x?host=db&port=7&user=ci&password=hunter2", "postgres://ci@db:7/x", Some("hunter2"));
        let full = "postgres://ci@db/x?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=7&application_name=a%20b&options=-c%20search_path%3Ds";
        let full = parse(full).unwrap();
        assert_eq!((full.ssl_mode, full.root_certificates.as_deref()), (Some(SslMode::VerifyFull), Some("/ca.pem")));
        assert_eq!(
            (full.connect_timeout, full.options.as_deref()),
            (Some(Duration::from_secs(7)), Some("-c search_path=s"))
        );
        assert_eq!(full.application_name.as_deref(), Some("a b"));
        assert_eq!(PostgresPlace::parse("postgres://db", Some("me")).unwrap().shown(), "`postgres://me@db/me`");
    }

    #[test]
    fn mistakes_show_no_password() {
        let check = |url: &str, expected: PlaceError| {
            let error = parse(url).unwrap_err();
            assert_eq!(error, expected, "{url}");
            assert!(!format!("{error} {error:?} {}", error.hint()).contains("hunter2"), "{url}");
        };
        check("mysql://ci:hunter2@db", PlaceError::Scheme);
        check("postgres://ci:hunter2@evil@db", PlaceError::Authority);
        check("postgres://ci:1/hunter2@db/x", PlaceError::Authority);
        check("postgres://ci:hunter2%4@db", PlaceError::Escape);
        check("postgres://ci:hunter2%ff@db", PlaceError::Escape);
        check("postgres://ci:hunter2%+1@db", PlaceError::Escape);
        check("postgres://ci:?hunter2@db", PlaceError::Port);
        check("postgres://ci@db?hunter2@db=1", PlaceError::UnknownOption);
        check("postgres://ci@db?hunter2", PlaceError::UnknownOption);
        check("postgres://ci@db?sslcert=hunter2", PlaceError::Unsupported("sslcert"));
        check("postgres://ci@db?sslmode=hunter2", PlaceError::SslMode);
        check("postgres://ci@db?sslmode=allow", PlaceError::SslMode);
        check("postgres://ci@db?connect_timeout=hunter2", PlaceError::ConnectTimeout);
        check("postgres://ci:hunter2@db:0", PlaceError::Port);
        check("postgres://ci:hunter2@db:70000", PlaceError::Port);
        check("postgres://ci:hunter2@a,b/x", PlaceError::SeveralHosts);
        check("postgres://ci:hunter2@/x", PlaceError::NoHost);
        check("postgres://:hunter2@db/x", PlaceError::NoUser);
    }

    #[test]
    fn this_machine() {
        let check = |host: &str, expected: bool| {
            assert_eq!(parse(&format!("postgres://u@{host}/x")).unwrap().is_local(), expected, "{host}");
        };
        check("localhost", true);
        check("127.0.0.1", true);
        check("[::1]", true);
        check("%2Frun", true);
        check("db.example.org", false);
        check("10.0.0.1", false);
    }
}
