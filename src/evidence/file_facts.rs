//! What can be said of any file: its size and its digest.

use super::{Evidence, EvidenceError, Input};
use crate::value::Digest;

pub(super) fn size(input: &Input) -> Result<Evidence, EvidenceError> {
    let mut evidence = Evidence::default();
    evidence.put("size", not_empty(input)?.len());
    Ok(evidence)
}

pub(super) fn digest(input: &Input) -> Result<Evidence, EvidenceError> {
    let mut evidence = Evidence::default();
    evidence.put("digest", Digest::of(not_empty(input)?).to_string());
    Ok(evidence)
}

/// A tool that ran out of disk leaves an empty file: the smallest size of all.
fn not_empty<'a>(input: &Input<'a>) -> Result<&'a [u8], EvidenceError> {
    if input.bytes.is_empty() { Err(EvidenceError::Empty) } else { Ok(input.bytes) }
}
