//! From a bucket: whole objects with their checksum, and ranges.

use super::connection::{Call, Connection, Setback};
use super::error::BucketError;
use super::resource::{checksum_of, describe, object_url};
use super::tries::Tries;
use crate::outside::store::ObjectInfo;
use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, HeaderMap};
use reqwest::{Method, StatusCode};
use std::fs::File;
use std::io::{self, Seek, Write};

/// How often an object is fetched that arrives damaged.
const TRANSFERS: u32 = 3;
/// The longest part that is asked for at once.
const LONGEST_RANGE: u64 = 8 << 20;
/// After so many new bytes, attempts are counted anew.
const PROGRESS: u64 = 1 << 20;

/// Where a download goes; it may have to begin again.
pub(super) trait Target: Write {
    fn restart(&mut self) -> io::Result<()>;
}

impl Target for Vec<u8> {
    fn restart(&mut self) -> io::Result<()> {
        self.clear();
        Ok(())
    }
}

impl Target for File {
    fn restart(&mut self) -> io::Result<()> {
        self.rewind()?;
        self.set_len(0)
    }
}

/// Why a download failed.
#[derive(Debug)]
pub(super) enum DownloadError {
    Target(io::Error),
    Bucket(BucketError),
}

impl From<BucketError> for DownloadError {
    fn from(error: BucketError) -> DownloadError {
        DownloadError::Bucket(error)
    }
}

/// How far a download is.
#[derive(Default)]
struct Progress {
    received: u64,
    crc32c: u32,
    /// Of which version of the object the first bytes were.
    generation: Option<String>,
    expected: Option<u32>,
}

/// Fetches an object as a whole; none if there is no such object. After a connection that broke off it goes on
/// where it was, with the same version of the object.
pub(super) fn download(
    connection: &Connection,
    name: &str,
    target: &mut dyn Target,
) -> Result<Option<ObjectInfo>, DownloadError> {
    for times in 1.. {
        target.restart().map_err(DownloadError::Target)?;
        let Some(progress) = transfer(connection, name, target)? else { return Ok(None) };
        let Progress { received: bytes, crc32c: found, expected, .. } = progress;
        let expected = match expected {
            Some(expected) => Some(expected),
            None => {
                describe(connection, name)?.map(|resource| resource.info()).transpose()?.and_then(|info| info.crc32c)
            }
        };
        let expected = expected.ok_or_else(|| BucketError::Strange("without the checksum of an object".to_owned()))?;
        if expected == found {
            return Ok(Some(ObjectInfo { bytes, crc32c: Some(found) }));
        }
        if times == TRANSFERS {
            return Err(BucketError::Checksum { verb: "read", expected, found: Some(found), times, rest: "" }.into());
        }
    }
    unreachable!("the loop has no end of its own")
}

fn transfer(connection: &Connection, name: &str, target: &mut dyn Target) -> Result<Option<Progress>, DownloadError> {
    let mut progress = Progress::default();
    let mut tries = Tries::new(&connection.patience);
    let mut counted = 0;
    loop {
        let mut stream = match connection.stream(&part(connection, name, &progress))? {
            Ok(stream) => stream,
            Err(Setback { why, asked }) => {
                tries.again(asked, why)?;
                continue;
            }
        };
        match stream.status {
            StatusCode::OK if progress.received == 0 => progress.begin(&stream.headers),
            StatusCode::PARTIAL_CONTENT if progress.received > 0 => {}
            // The version that was begun is gone, or the service cannot go on in the middle.
            StatusCode::OK | StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE if progress.received > 0 => {
                tries.again(None, BucketError::Strange("no more with the object it began with".to_owned()))?;
                target.restart().map_err(DownloadError::Target)?;
                (progress, counted) = (Progress::default(), 0);
                continue;
            }
            status => {
                let error = connection.refused(&stream.into_reply());
                let absent = status == StatusCode::NOT_FOUND && !error.is_no_bucket();
                return if absent { Ok(None) } else { Err(error.into()) };
            }
        }
        loop {
            let (bytes, end) = stream.read();
            target.write_all(&bytes).map_err(DownloadError::Target)?;
            progress.crc32c = crc32c::crc32c_append(progress.crc32c, &bytes);
            progress.received += bytes.len() as u64;
            match end {
                None => {}
                Some(Ok(())) => return Ok(Some(progress)),
                Some(Err(error)) => {
                    if progress.received >= counted + PROGRESS {
                        (tries, counted) = (Tries::new(&connection.patience), progress.received);
                    }
                    tries.again(None, BucketError::Http(error))?;
                    if progress.generation.is_none() {
                        target.restart().map_err(DownloadError::Target)?;
                        (progress, counted) = (Progress::default(), 0);
                    }
                    break;
                }
            }
        }
    }
}

impl Progress {
    fn begin(&mut self, headers: &HeaderMap) {
        let generation = headers.get("x-goog-generation").and_then(|value| value.to_str().ok());
        self.generation = generation.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned);
        self.expected = checksum_of(headers);
    }
}

fn part(connection: &Connection, name: &str, progress: &Progress) -> Call {
    match &progress.generation {
        Some(generation) if progress.received > 0 => {
            let query = format!("alt=media&generation={generation}");
            Call::new(Method::GET, object_url(connection, name, &query))
                .header("range", &format!("bytes={}-", progress.received))
        }
        _ => Call::new(Method::GET, object_url(connection, name, "alt=media")),
    }
}

/// Fetches `length` bytes from `offset`, fewer where the object ends; none if there is no such object. A checksum
/// of a part is not to be had: who reads parts checks what they hold.
pub(super) fn read_at(
    connection: &Connection,
    name: &str,
    offset: u64,
    length: u64,
) -> Result<Option<Vec<u8>>, BucketError> {
    // What lies beyond cannot be said in a range.
    if length == 0 || offset > i64::MAX as u64 {
        return Ok(describe(connection, name)?.map(|_| Vec::new()));
    }
    let end = offset.saturating_add(length).min(i64::MAX as u64);
    let mut bytes = Vec::new();
    let mut from = offset;
    while from < end {
        let to = end.min(from + LONGEST_RANGE);
        let Some(part) = read_range(connection, name, from, to)? else { return Ok(None) };
        from += part.len() as u64;
        bytes.extend_from_slice(&part);
        if from < to {
            break;
        }
    }
    Ok(Some(bytes))
}

/// Fetches the bytes from one offset up to another one.
fn read_range(connection: &Connection, name: &str, from: u64, to: u64) -> Result<Option<Bytes>, BucketError> {
    let call = Call::new(Method::GET, object_url(connection, name, "alt=media"))
        .header("range", &format!("bytes={from}-{}", to - 1))
        .expects(usize::try_from(to - from).unwrap_or(usize::MAX));
    let reply = connection.send(&call)?;
    let length = reply.body.len() as u64;
    match reply.status {
        StatusCode::PARTIAL_CONTENT => {
            let total = total(&reply.headers).unwrap_or(u64::MAX);
            let is_short = length < to - from && from + length < total;
            if length > to - from || is_short && total < u64::MAX {
                return Err(BucketError::Strange(format!("with {length} bytes for a range of {}", to - from)));
            }
            Ok(Some(reply.body))
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Ok(Some(Bytes::new())),
        // Ranges are not known there: all of it.
        StatusCode::OK => {
            let clamp = |position: u64| usize::try_from(position.min(length)).unwrap_or(usize::MAX);
            Ok(Some(reply.body.slice(clamp(from)..clamp(to))))
        }
        status => {
            let error = connection.refused(&reply);
            if status == StatusCode::NOT_FOUND && !error.is_no_bucket() { Ok(None) } else { Err(error) }
        }
    }
}

/// Returns the length of the object of which an answer is a part.
fn total(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.rsplit_once('/')?.1.parse().ok()
}
