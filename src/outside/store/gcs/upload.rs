//! To a bucket: small objects in one request, large ones in chunks.
//!
//! The checksum is made of the bytes as they are read, sent before the object comes into being, and compared
//! with that of the object that came into being. What is there and wrong is deleted.

use super::chunks::Chunk;
use super::connection::{Call, Connection};
use super::error::BucketError;
use super::place::escape;
use super::resource::{self, FIELDS, Resource, describe, object_url};
use super::tries::random;
use crate::outside::http::Reply;
use reqwest::{Method, StatusCode, Url};
use serde_json::json;
use std::io::{self, Read, Seek};

/// The key of our mark in the metadata of an object.
pub(super) const WRITER: &str = "shmoo-writer";
/// How often an object is sent that arrives damaged.
const TRANSFERS: u32 = 3;
/// How often an upload starts from the beginning because the service forgot it.
const SESSIONS: u32 = 3;

/// What is uploaded: bytes that can be read again from the beginning.
pub(super) trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// An object to be.
pub(super) struct Upload<'a> {
    pub(super) connection: &'a Connection,
    /// Its name in the bucket.
    pub(super) name: &'a str,
    /// Its length.
    pub(super) bytes: u64,
    /// Whether there must be none of this name.
    pub(super) only_new: bool,
    /// Bytes for each request; a multiple of 256 KiB.
    pub(super) chunk: usize,
}

/// What came of an upload.
pub(super) enum Uploaded {
    /// It is there.
    Stored(Resource),
    /// There was one of this name.
    Present,
}

/// Why an upload failed.
#[derive(Debug)]
pub(super) enum UploadError {
    Source(io::Error),
    Bucket(BucketError),
}

impl From<BucketError> for UploadError {
    fn from(error: BucketError) -> UploadError {
        UploadError::Bucket(error)
    }
}

/// How one transfer ended.
pub(super) enum Transfer {
    /// The last answer, for what had this checksum.
    Done(Reply, u32),
    /// The service found the checksum wrong.
    Damaged(u32),
    /// The service does not know the upload any more.
    Forgotten,
}

impl Upload<'_> {
    /// Uploads all of a source.
    pub(super) fn run(&self, source: &mut dyn Source) -> Result<Uploaded, UploadError> {
        let writer = format!("{:016x}{:016x}", random(), random());
        let (mut damaged, mut forgotten) = (0, 0);
        loop {
            source.rewind().map_err(UploadError::Source)?;
            let transfer = match self.bytes <= self.chunk as u64 {
                true => self.at_once(source, &writer)?,
                false => self.in_chunks(source, &writer)?,
            };
            let (expected, found, rest) = match transfer {
                Transfer::Done(reply, sent) => match self.judge(&reply, sent, &writer)? {
                    Judged::Good(uploaded) => return Ok(uploaded),
                    Judged::Wrong { found, deleted: true } => (sent, Some(found), ", and was deleted"),
                    Judged::Wrong { found, deleted: false } => (sent, Some(found), ", and could not be deleted"),
                },
                Transfer::Damaged(sent) => (sent, None, ", and was refused"),
                Transfer::Forgotten => {
                    forgotten += 1;
                    if forgotten == SESSIONS {
                        let what = format!("{SESSIONS} times that it does not know the upload it had begun");
                        return Err(BucketError::Strange(what).into());
                    }
                    continue;
                }
            };
            damaged += 1;
            if damaged == TRANSFERS {
                return Err(BucketError::Checksum { verb: "stored", expected, found, times: TRANSFERS, rest }.into());
            }
        }
    }

    /// Compares what came into being with what was sent.
    fn judge(&self, reply: &Reply, sent: u32, writer: &str) -> Result<Judged, BucketError> {
        match reply.status {
            StatusCode::OK | StatusCode::CREATED => {}
            // Somebody was first; or we were, and the answer was lost.
            StatusCode::PRECONDITION_FAILED if self.only_new => return self.judge_present(sent, writer),
            _ => return Err(self.connection.refused(reply)),
        }
        let resource: Resource = resource::read(&reply.body)?;
        let info = resource.info()?;
        match info.crc32c {
            Some(found) if found == sent && info.bytes == self.bytes => Ok(Judged::Good(Uploaded::Stored(resource))),
            Some(found) => Ok(Judged::Wrong { found, deleted: self.delete(&resource) }),
            None => Err(BucketError::Strange("with an object without a checksum".to_owned())),
        }
    }

    fn judge_present(&self, sent: u32, writer: &str) -> Result<Judged, BucketError> {
        let present = describe(self.connection, self.name)?;
        // Whoever was first may have deleted it again.
        let ours = present.filter(|resource| resource.metadata.get(WRITER).is_some_and(|by| by == writer));
        let Some(resource) = ours else { return Ok(Judged::Good(Uploaded::Present)) };
        match resource.info()?.crc32c {
            Some(found) if found != sent => Ok(Judged::Wrong { found, deleted: self.delete(&resource) }),
            _ => Ok(Judged::Good(Uploaded::Stored(resource))),
        }
    }

    /// Deletes the object that came into being and is wrong, unless it was replaced meanwhile.
    fn delete(&self, resource: &Resource) -> bool {
        let query = format!("ifGenerationMatch={}", escape(&resource.generation));
        let call = Call::new(Method::DELETE, object_url(self.connection, self.name, &query));
        let gone = [StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::NOT_FOUND, StatusCode::PRECONDITION_FAILED];
        self.connection.send(&call).is_ok_and(|reply| gone.contains(&reply.status))
    }

    pub(super) fn url(&self, kind: &str) -> Url {
        let condition = if self.only_new { "&ifGenerationMatch=0" } else { "" };
        let query = format!("uploadType={kind}{condition}&fields={}&name={}", escape(FIELDS), escape(self.name));
        self.connection.url(&format!("/upload/storage/v1/b/{}/o", escape(&self.connection.bucket)), &query)
    }

    /// Sends description and bytes in one request.
    fn at_once(&self, source: &mut dyn Source, writer: &str) -> Result<Transfer, UploadError> {
        let chunk = self.read(source, 0, 0)?;
        let description = json!({
            "name": self.name,
            "crc32c": resource::encode(chunk.crc32c),
            "contentType": "application/octet-stream",
            "metadata": { WRITER: writer },
        });
        let boundary = format!("shmoo-{:016x}{:016x}", random(), random());
        let mut body = format!(
            "--{boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n{description}\r\n\
             --{boundary}\r\ncontent-type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(&chunk.bytes);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let call = Call::new(Method::POST, self.url("multipart"))
            .header("content-type", &format!("multipart/related; boundary={boundary}"))
            .body(body);
        let reply = self.connection.send(&call)?;
        Ok(finished(reply, chunk.crc32c))
    }

    /// Reads all of the source for its checksum.
    pub(super) fn checksum(&self, source: &mut dyn Source) -> Result<u32, UploadError> {
        source.rewind().map_err(UploadError::Source)?;
        let (mut offset, mut crc32c) = (0, 0);
        while offset < self.bytes {
            let chunk = self.read(source, offset, crc32c)?;
            (offset, crc32c) = (offset + chunk.bytes.len() as u64, chunk.crc32c);
        }
        Ok(crc32c)
    }

    /// Reads the next chunk; `before` is the checksum of what was read before.
    pub(super) fn read(&self, source: &mut dyn Source, offset: u64, before: u32) -> Result<Chunk, UploadError> {
        let left = usize::try_from(self.bytes - offset).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(self.chunk)];
        source.read_exact(&mut bytes).map_err(UploadError::Source)?;
        let crc32c = crc32c::crc32c_append(before, &bytes);
        Ok(Chunk { bytes: bytes.into(), offset, crc32c })
    }
}

/// What an answer shows.
enum Judged {
    Good(Uploaded),
    Wrong { found: u32, deleted: bool },
}

/// Tells a final answer from one that found the checksum wrong.
pub(super) fn finished(reply: Reply, sent: u32) -> Transfer {
    let says_checksum = || String::from_utf8_lossy(&reply.body).to_ascii_lowercase().contains("crc32c");
    if reply.status == StatusCode::BAD_REQUEST && says_checksum() {
        return Transfer::Damaged(sent);
    }
    Transfer::Done(reply, sent)
}
