//! As much of an HTTP server as the fake needs: one thread for each connection.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A request, without its body.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    /// Path and query as they came.
    pub(super) target: String,
    headers: BTreeMap<String, String>,
}

impl Head {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn length(&self) -> usize {
        self.header("content-length").map_or(0, |text| text.parse().expect("a length is a number"))
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn of(status: u16) -> Answer {
        Answer { status, ..Answer::default() }
    }

    pub(super) fn json(status: u16, json: &serde_json::Value) -> Answer {
        let body = json.to_string().into_bytes();
        Answer { status, headers: vec![("content-type", "application/json".to_owned())], body }
    }

    /// An error as the service words it.
    pub(super) fn error(status: u16, message: &str) -> Answer {
        Answer::json(status, &serde_json::json!({ "error": { "code": status, "message": message } }))
    }

    pub(super) fn header(mut self, name: &'static str, value: impl ToString) -> Answer {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// A connection with a client.
pub(super) struct Connection {
    reader: BufReader<TcpStream>,
    pub(super) stream: TcpStream,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> io::Result<Connection> {
        stream.set_nodelay(true)?;
        Ok(Connection { reader: BufReader::with_capacity(1 << 16, stream.try_clone()?), stream })
    }

    /// Reads the head of the next request; none if the client has no more.
    pub(super) fn head(&mut self) -> io::Result<Option<Head>> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let (method, target) =
            (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query = query.map(|(name, value)| (name.to_owned(), unescape(value))).collect();
        Ok(Some(Head { method, path: path.to_owned(), query, target, headers }))
    }

    /// Reads so many bytes of a body; fewer where the client ends.
    pub(super) fn body(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut body = Vec::with_capacity(length);
        (&mut self.reader).take(length as u64).read_to_end(&mut body)?;
        Ok(body)
    }

    /// Sends the head of an answer, then what `body` sends.
    pub(super) fn answer(
        &mut self,
        answer: &Answer,
        body: impl FnOnce(&mut TcpStream) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, if answer.status < 400 { "Fine" } else { "No" });
        for (name, value) in &answer.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if answer.status != 204 {
            head.push_str(&format!("content-length: {}\r\n", answer.body.len()));
        }
        head.push_str("\r\n");
        self.stream.write_all(head.as_bytes())?;
        body(&mut self.stream)?;
        self.stream.flush()
    }
}

/// Undoes percent encoding.
pub(super) fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).expect("names are UTF-8")
}
