//! What the service says of objects: JSON, with numbers as text and checksums in base64.

use super::connection::{Call, Connection};
use super::error::BucketError;
use super::place::escape;
use crate::outside::store::ObjectInfo;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The fields of an object that are asked for.
pub(super) const FIELDS: &str = "name,size,crc32c,generation,updated,metadata";

/// An object.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Resource {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) size: String,
    pub(super) crc32c: Option<String>,
    #[serde(default)]
    pub(super) generation: String,
    pub(super) updated: Option<String>,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
}

/// A page of a listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    #[serde(default)]
    pub(super) items: Vec<Resource>,
    pub(super) next_page_token: Option<String>,
}

/// Reads an answer.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BucketError> {
    serde_json::from_slice(body)
        .map_err(|error| BucketError::Strange(format!("something else than an object: {error}")))
}

impl Resource {
    /// Returns length and checksum.
    pub(super) fn info(&self) -> Result<ObjectInfo, BucketError> {
        let strange = |what: &str| BucketError::Strange(format!("with the {what} of an object"));
        let bytes = self.size.parse().map_err(|_| strange("length"))?;
        let crc32c = self.crc32c.as_deref().map(|text| checksum(text).ok_or_else(|| strange("checksum")));
        Ok(ObjectInfo { bytes, crc32c: crc32c.transpose()? })
    }
}

/// Returns the address of an object.
pub(super) fn object_url(connection: &Connection, name: &str, query: &str) -> Url {
    connection.url(&format!("/storage/v1/b/{}/o/{}", escape(&connection.bucket), escape(name)), query)
}

/// Asks for the description of an object; none if there is no such object.
pub(super) fn describe(connection: &Connection, name: &str) -> Result<Option<Resource>, BucketError> {
    let call = Call::new(Method::GET, object_url(connection, name, &format!("fields={}", escape(FIELDS))));
    let reply = connection.send(&call)?;
    if reply.status.is_success() {
        return read(&reply.body).map(Some);
    }
    let error = connection.refused(&reply);
    if reply.status == StatusCode::NOT_FOUND && !error.is_no_bucket() { Ok(None) } else { Err(error) }
}

/// Returns a CRC32C as the service writes it.
pub(super) fn encode(crc32c: u32) -> String {
    STANDARD.encode(crc32c.to_be_bytes())
}

fn checksum(text: &str) -> Option<u32> {
    let bytes: [u8; 4] = STANDARD.decode(text).ok()?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}

/// Returns the CRC32C of the whole object that an answer names in `x-goog-hash`.
pub(super) fn checksum_of(headers: &HeaderMap) -> Option<u32> {
    let all = headers.get_all("x-goog-hash").into_iter();
    let hashes = all.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    hashes.filter_map(|hash| hash.trim().strip_prefix("crc32c=")).find_map(checksum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums() {
        // The check value of CRC32C, of `123456789`.
        assert_eq!(encode(crc32c::crc32c(b"123456789")), "4waSgw==");
        let mut headers = HeaderMap::new();
        headers.append("x-goog-hash", "md5=abc".parse().unwrap());
        assert_eq!(checksum_of(&headers), None);
        headers.append("x-goog-hash", "crc32c=4waSgw==, md5=abc".parse().unwrap());
        assert_eq!(checksum_of(&headers), Some(0xe306_9283));
    }

    #[test]
    fn resources() {
        let text = br#"{"name":"a","size":"12","crc32c":"4waSgw==","generation":"7","kind":"storage#object"}"#;
        let resource: Resource = read(text).unwrap();
        assert_eq!(resource.info().unwrap(), ObjectInfo { bytes: 12, crc32c: Some(0xe306_9283) });
        let wrong: Resource = read(br#"{"size":"x"}"#).unwrap();
        assert_eq!(wrong.info().unwrap_err().to_string(), "the service answers with the length of an object");
        assert!(read::<Resource>(b"<html>").is_err());
    }
}
