//! Large objects go to a bucket in chunks, by a resumable upload.
//!
//! A chunk whose answer was lost is not sent again: the service is asked how far it got, and gets the rest.

use super::connection::{Call, Setback};
use super::error::BucketError;
use super::resource;
use super::tries::Tries;
use super::upload::{Source, Transfer, Upload, UploadError, WRITER, finished};
use bytes::Bytes;
use reqwest::header::{HeaderMap, LOCATION, RANGE};
use reqwest::{Method, StatusCode, Url};
use serde_json::json;

/// Chunks are multiples of this, but for the last one.
pub(super) const QUANTUM: u64 = 256 << 10;

/// A part of the source.
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    pub(super) offset: u64,
    /// The checksum of all up to its end.
    pub(super) crc32c: u32,
}

/// What came of sending a chunk.
enum Sent {
    All,
    Over(Transfer),
}

impl Upload<'_> {
    /// Sends description and bytes one after the other.
    pub(super) fn in_chunks(&self, source: &mut dyn Source, writer: &str) -> Result<Transfer, UploadError> {
        let description = json!({
            "name": self.name,
            "contentType": "application/octet-stream",
            "metadata": { WRITER: writer },
        });
        let call = Call::new(Method::POST, self.url("resumable"))
            .header("content-type", "application/json; charset=UTF-8")
            .header("x-upload-content-type", "application/octet-stream")
            .header("x-upload-content-length", &self.bytes.to_string())
            .body(description.to_string());
        let reply = self.connection.send(&call)?;
        if reply.status == StatusCode::PRECONDITION_FAILED {
            // It may be ours, of an upload that was forgotten when it was complete.
            return Ok(Transfer::Done(reply, self.checksum(source)?));
        }
        if !reply.status.is_success() {
            return Err(self.connection.refused(&reply).into());
        }
        let place = reply.headers.get(LOCATION).and_then(|value| value.to_str().ok()?.parse::<Url>().ok());
        let session = place.ok_or_else(|| BucketError::Strange("without saying where to upload to".to_owned()))?;
        let mut chunk = self.read(source, 0, 0)?;
        loop {
            let end = chunk.offset + chunk.bytes.len() as u64;
            // The next part of the source is read while this one is on its way.
            let mut next = None;
            let mut read_on = || -> Result<(), UploadError> {
                if next.is_none() && end < self.bytes {
                    next = Some(self.read(source, end, chunk.crc32c)?);
                }
                Ok(())
            };
            match self.send_chunk(&session, &chunk, &mut read_on)? {
                Sent::All => {
                    read_on()?;
                    let what = || BucketError::Strange("that an upload goes on which is complete".to_owned());
                    chunk = next.ok_or_else(what)?;
                }
                Sent::Over(transfer) => return Ok(transfer),
            }
        }
    }

    /// Sends a chunk until the service has all of it.
    fn send_chunk(
        &self,
        session: &Url,
        chunk: &Chunk,
        meanwhile: &mut dyn FnMut() -> Result<(), UploadError>,
    ) -> Result<Sent, UploadError> {
        let end = chunk.offset + chunk.bytes.len() as u64;
        let mut tries = Tries::new(&self.connection.patience);
        let mut from = chunk.offset;
        let mut call = self.part(session, chunk, from);
        loop {
            let answer = self.connection.once_meanwhile(&call, meanwhile)?;
            let reply = match answer {
                Ok(reply) => reply,
                Err(Setback { why, asked }) => {
                    tries.again(asked, why)?;
                    // Whatever of it arrived: the service says how much it has.
                    call = Call::new(Method::PUT, session.clone())
                        .header("content-range", &format!("bytes */{}", self.bytes));
                    continue;
                }
            };
            match reply.status {
                StatusCode::PERMANENT_REDIRECT => {}
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Sent::Over(Transfer::Forgotten)),
                _ => return Ok(Sent::Over(finished(reply, chunk.crc32c))),
            }
            let has = persisted(&reply.headers)?;
            if has == end && end < self.bytes {
                return Ok(Sent::All);
            }
            if has < from || has > end {
                return Err(BucketError::Strange(format!("that it has {has} bytes of {from} to {end}")).into());
            }
            // A part is taken as a whole, or up to a multiple of this.
            if has < from + QUANTUM && call.body.len() as u64 == end - from {
                tries.again(None, BucketError::Strange("that it has nothing of a part".to_owned()))?;
            }
            from = has;
            call = self.part(session, chunk, from);
        }
    }

    /// Returns the request for the part of a chunk from an offset in the object.
    fn part(&self, session: &Url, chunk: &Chunk, from: u64) -> Call {
        let end = chunk.offset + chunk.bytes.len() as u64;
        let bytes = chunk.bytes.slice(usize::try_from(from - chunk.offset).expect("within a chunk")..);
        let range = match bytes.is_empty() {
            true => format!("bytes */{}", self.bytes),
            false => format!("bytes {from}-{}/{}", end - 1, self.bytes),
        };
        let call = Call::new(Method::PUT, session.clone()).header("content-range", &range).body(bytes);
        match end == self.bytes {
            true => call.header("x-goog-hash", &format!("crc32c={}", resource::encode(chunk.crc32c))),
            false => call,
        }
    }
}

/// Returns how many bytes of an upload the service has.
fn persisted(headers: &HeaderMap) -> Result<u64, BucketError> {
    let Some(range) = headers.get(RANGE) else { return Ok(0) };
    let text = range.to_str().unwrap_or_default();
    let last: Option<u64> = text.strip_prefix("bytes=0-").and_then(|last| last.parse().ok());
    last.map(|last| last + 1).ok_or_else(|| BucketError::Strange(format!("that it has the range `{text}`")))
}
