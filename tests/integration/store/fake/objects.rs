//! What the fake keeps, and the rules of the service: conditions, checksums, sessions, pages.

use super::http::{Answer, Head, unescape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// All but the last chunk of an upload are multiples of this.
const QUANTUM: usize = 256 << 10;

#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    generation: u64,
    metadata: Value,
}

#[derive(Debug)]
struct Session {
    bucket: String,
    name: String,
    description: Value,
    only: Option<u64>,
    length: u64,
    bytes: Vec<u8>,
    done: Option<Answer>,
}

/// Buckets and their objects.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) buckets: BTreeSet<String>,
    pub(super) objects: BTreeMap<(String, String), Object>,
    sessions: HashMap<String, Session>,
    generations: u64,
    pub(super) page: usize,
    /// Whether sent checksums are compared.
    pub(super) looks: bool,
    /// How often an object came into being.
    pub(super) created: u64,
}

/// The checksum of bytes as the service writes it.
fn checksum(bytes: &[u8]) -> String {
    STANDARD.encode(crc32c::crc32c(bytes).to_be_bytes())
}

fn wrong_checksum(sent: &str, found: &str) -> Answer {
    let message = format!("Provided CRC32C \"{sent}\" doesn't match calculated CRC32C \"{found}\".");
    Answer::error(400, &message)
}

impl Objects {
    /// Carries a request out.
    pub(super) fn act(&mut self, base: &str, head: &Head, body: &[u8]) -> Answer {
        let known = [
            "alt",
            "fields",
            "generation",
            "ifGenerationMatch",
            "maxResults",
            "name",
            "pageToken",
            "prefix",
            "upload_id",
            "uploadType",
        ];
        if let Some(unknown) = head.query.keys().find(|name| !known.contains(&name.as_str())) {
            return Answer::error(400, &format!("Invalid query parameter: {unknown}"));
        }
        let (upload, rest) = match head.path.strip_prefix("/upload/storage/v1/b/") {
            Some(rest) => (true, rest),
            None => (false, head.path.strip_prefix("/storage/v1/b/").unwrap_or("")),
        };
        let Some((bucket, rest)) = rest.split_once("/o") else { return Answer::error(404, "Not Found") };
        let bucket = unescape(bucket);
        if !self.buckets.contains(&bucket) {
            return Answer::error(404, "The specified bucket does not exist.");
        }
        let name = rest.strip_prefix('/').map(unescape);
        match (head.method.as_str(), upload, name) {
            ("POST", true, None) => self.upload(base, &bucket, head, body),
            ("PUT", true, None) => self.chunk(head, body),
            ("GET", false, None) => self.list(&bucket, head),
            ("GET", false, Some(name)) => self.get(&bucket, &name, head),
            ("DELETE", false, Some(name)) => self.delete(&bucket, &name, head),
            _ => Answer::error(405, "Method Not Allowed"),
        }
    }

    /// Tells whether a condition on what is there now does not hold.
    fn violates(&self, bucket: &str, name: &str, only: Option<u64>) -> bool {
        let there = self.objects.get(&(bucket.to_owned(), name.to_owned())).map_or(0, |object| object.generation);
        only.is_some_and(|only| only != there)
    }

    fn upload(&mut self, base: &str, bucket: &str, head: &Head, body: &[u8]) -> Answer {
        let only = head.query.get("ifGenerationMatch").map(|text| text.parse().unwrap());
        let kind = head.query.get("uploadType").map(String::as_str);
        let (description, bytes) = match kind {
            Some("multipart") => match parts(head.header("content-type").unwrap_or_default(), body) {
                Some(parts) => parts,
                None => return Answer::error(400, "Malformed multipart body."),
            },
            Some("resumable") => match serde_json::from_slice(body) {
                Ok(description) => (description, Vec::new()),
                Err(_) => return Answer::error(400, "Parse Error"),
            },
            _ => return Answer::error(400, "Bad uploadType"),
        };
        let name = description["name"].as_str().unwrap_or_default().to_owned();
        if name.is_empty() || head.query.get("name").is_some_and(|other| *other != name) {
            return Answer::error(400, "Required object name");
        }
        if self.violates(bucket, &name, only) {
            return Answer::error(412, "At least one of the pre-conditions you specified did not hold.");
        }
        if kind == Some("multipart") {
            return self.create(bucket, &name, description, bytes, None);
        }
        let Some(length) = head.header("x-upload-content-length").and_then(|text| text.parse().ok()) else {
            return Answer::error(400, "X-Upload-Content-Length is missing");
        };
        self.generations += 1;
        let id = format!("secret-{}", self.generations);
        let place = format!("{base}{}?uploadType=resumable&upload_id={id}", head.path);
        let session =
            Session { bucket: bucket.to_owned(), name, description, only, length, bytes: Vec::new(), done: None };
        self.sessions.insert(id, session);
        Answer::of(200).header("location", place)
    }

    /// Takes a part of a body that ended too early, as far as it goes.
    pub(super) fn take_part(&mut self, head: &Head, body: &[u8]) {
        let Some(session) = head.query.get("upload_id").and_then(|id| self.sessions.get_mut(id)) else { return };
        let Some((from, ..)) = range(head) else { return };
        if from == Some(session.bytes.len() as u64) {
            session.bytes.extend_from_slice(&body[..body.len() / QUANTUM * QUANTUM]);
        }
    }

    pub(super) fn forget(&mut self, head: &Head) {
        let id = head.query.get("upload_id").expect("a chunk has an upload");
        self.sessions.remove(id);
    }

    fn chunk(&mut self, head: &Head, body: &[u8]) -> Answer {
        let id = head.query.get("upload_id").cloned().unwrap_or_default();
        let Some(session) = self.sessions.get_mut(&id) else { return Answer::error(404, "No such upload") };
        if let Some(done) = &session.done {
            return done.clone();
        }
        let Some((from, length, total)) = range(head) else { return Answer::error(400, "Bad Content-Range") };
        if total != session.length || length != body.len() as u64 {
            return Answer::error(400, "Content-Range and length differ");
        }
        if let Some(from) = from {
            let last = from + length == total;
            let known = (session.bytes.len() as u64).checked_sub(from);
            if known.is_none() || !last && !body.len().is_multiple_of(QUANTUM) {
                return Answer::error(400, "Not where the upload is, or no multiple of 256 KiB");
            }
            // What it has already is not taken again.
            let new = body.get(usize::try_from(known.unwrap()).unwrap()..).unwrap_or_default();
            session.bytes.extend_from_slice(new);
        }
        if (session.bytes.len() as u64) < total || from.is_none() && head.header("x-goog-hash").is_none() {
            let answer = Answer::of(308);
            let has = session.bytes.len();
            return if has == 0 { answer } else { answer.header("range", format!("bytes=0-{}", has - 1)) };
        }
        let (bucket, name, only) = (session.bucket.clone(), session.name.clone(), session.only);
        let (description, bytes) = (session.description.clone(), session.bytes.clone());
        let hash = head.header("x-goog-hash").and_then(|text| text.strip_prefix("crc32c=")).map(str::to_owned);
        let answer = match self.violates(&bucket, &name, only) {
            true => Answer::error(412, "At least one of the pre-conditions you specified did not hold."),
            false => self.create(&bucket, &name, description, bytes, hash),
        };
        self.sessions.get_mut(&id).unwrap().done = Some(answer.clone());
        answer
    }

    fn create(&mut self, bucket: &str, name: &str, description: Value, bytes: Vec<u8>, hash: Option<String>) -> Answer {
        let found = checksum(&bytes);
        let sent = hash.or_else(|| description["crc32c"].as_str().map(str::to_owned));
        if let Some(sent) = sent.filter(|sent| self.looks && *sent != found) {
            return wrong_checksum(&sent, &found);
        }
        self.generations += 1;
        self.created += 1;
        let object = Object { bytes, generation: self.generations, metadata: description["metadata"].clone() };
        let answer = Answer::json(200, &resource(bucket, name, &object));
        self.objects.insert((bucket.to_owned(), name.to_owned()), object);
        answer
    }

    fn get(&self, bucket: &str, name: &str, head: &Head) -> Answer {
        let found = self.objects.get(&(bucket.to_owned(), name.to_owned()));
        let wanted = head.query.get("generation");
        let found = found.filter(|object| wanted.is_none_or(|wanted| *wanted == object.generation.to_string()));
        let Some(object) = found else {
            return Answer::error(404, &format!("No such object: {bucket}/{name}"));
        };
        if head.query.get("alt").is_none_or(|alt| alt != "media") {
            return Answer::json(200, &resource(bucket, name, object));
        }
        let length = object.bytes.len();
        let mut answer = Answer::of(200)
            .header("x-goog-generation", object.generation)
            .header("x-goog-hash", format!("crc32c={}", checksum(&object.bytes)))
            .header("x-goog-hash", "md5=1B2M2Y8AsgTpgAmY7PhCfg==");
        let range = head.header("range").map(|text| text.strip_prefix("bytes=").unwrap().split_once('-').unwrap());
        answer.body = match range {
            None => object.bytes.clone(),
            Some((from, to)) => {
                let from: usize = from.parse().unwrap();
                let to =
                    if to.is_empty() { length } else { to.parse::<usize>().unwrap().saturating_add(1).min(length) };
                if from >= length {
                    return Answer::error(416, "The requested range cannot be satisfied.");
                }
                answer = answer.header("content-range", format!("bytes {from}-{}/{length}", to - 1));
                answer.status = 206;
                object.bytes[from..to].to_vec()
            }
        };
        answer
    }

    fn list(&self, bucket: &str, head: &Head) -> Answer {
        let text = |name: &str| head.query.get(name).cloned().unwrap_or_default();
        let (prefix, after) = (text("prefix"), text("pageToken"));
        let most = head.query.get("maxResults").map_or(self.page, |most| most.parse::<usize>().unwrap().min(self.page));
        let matching = self.objects.iter().filter(|((of, name), _)| of == bucket && name.starts_with(&prefix));
        let mut rest = matching.filter(|((_, name), _)| *name > after);
        let items: Vec<_> = rest.by_ref().take(most).collect();
        let mut page = json!({ "kind": "storage#objects" });
        if rest.next().is_some() {
            page["nextPageToken"] = json!(items.last().unwrap().0.1);
        }
        // The service leaves out what is empty.
        if !items.is_empty() {
            page["items"] = items.iter().map(|((_, name), object)| resource(bucket, name, object)).collect();
        }
        Answer::json(200, &page)
    }

    fn delete(&mut self, bucket: &str, name: &str, head: &Head) -> Answer {
        let key = (bucket.to_owned(), name.to_owned());
        if !self.objects.contains_key(&key) {
            return Answer::error(404, &format!("No such object: {bucket}/{name}"));
        }
        let only = head.query.get("ifGenerationMatch").map(|text| text.parse().unwrap());
        if self.violates(bucket, name, only) {
            return Answer::error(412, "At least one of the pre-conditions you specified did not hold.");
        }
        self.objects.remove(&key);
        Answer::of(204)
    }
}

fn resource(bucket: &str, name: &str, object: &Object) -> Value {
    let mut resource = json!({
        "kind": "storage#object",
        "bucket": bucket,
        "name": name,
        "size": object.bytes.len().to_string(),
        "generation": object.generation.to_string(),
        "crc32c": checksum(&object.bytes),
        "updated": "2026-01-31T14:22:33.120Z",
    });
    if object.metadata.is_object() {
        resource["metadata"] = object.metadata.clone();
    }
    resource
}

/// Splits a body into description and bytes.
fn parts(kind: &str, body: &[u8]) -> Option<(Value, Vec<u8>)> {
    let boundary = kind.strip_prefix("multipart/related; boundary=")?;
    let position = |within: &[u8], text: &str| within.windows(text.len()).position(|window| window == text.as_bytes());
    let rest = body.strip_prefix(format!("--{boundary}\r\n").as_bytes())?;
    let rest = &rest[position(rest, "\r\n\r\n")? + 4..];
    let middle = format!("\r\n--{boundary}\r\n");
    let end = position(rest, &middle)?;
    let description = serde_json::from_slice(&rest[..end]).ok()?;
    let rest = &rest[end + middle.len()..];
    let rest = &rest[position(rest, "\r\n\r\n")? + 4..];
    let bytes = rest.strip_suffix(format!("\r\n--{boundary}--\r\n").as_bytes())?;
    Some((description, bytes.to_vec()))
}

/// Reads `bytes FROM-LAST/TOTAL` or `bytes */TOTAL`: from where, how many, of how many.
fn range(head: &Head) -> Option<(Option<u64>, u64, u64)> {
    let (range, total) = head.header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    let total = total.parse().ok()?;
    if range == "*" {
        return Some((None, 0, total));
    }
    let (from, last) = range.split_once('-')?;
    let (from, last): (u64, u64) = (from.parse().ok()?, last.parse().ok()?);
    (from <= last && last < total).then_some((Some(from), last - from + 1, total))
}
