//! The last bytes of our archives: an empty gzip member whose header says where the manifest is.
//!
//! Every reader of gzip skips it; ours finds one file of a large archive with three reads. Its
//! extra field (RFC 1952, section 2.3.1.1) has the identifier `SH` and holds 8 bytes of format
//! name, the manifest's offset (64 bits, little-endian) and the SHA-256 of all bytes before.

use crate::value::Digest;

/// Length of the trailer in bytes.
pub(super) const TRAILER: usize = HEAD.len() + 8 + 32 + TAIL.len();

/// Magic number, deflate, extra field, no time, no flags, no system; lengths; identifier; name.
const HEAD: &[u8; 24] = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x34\0SH\x30\0shmooar1";

/// An empty deflate block; checksum and length of nothing.
const TAIL: &[u8; 10] = b"\x03\0\0\0\0\0\0\0\0\0";

/// What the trailer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailer {
    /// Where the member starts in which the manifest's tar header is.
    pub(super) manifest_at: u64,
    /// SHA-256 of all bytes before the trailer.
    pub(super) sha256: Digest,
}

impl Trailer {
    pub(super) fn encode(&self) -> Vec<u8> {
        [HEAD, &self.manifest_at.to_le_bytes()[..], self.sha256.bytes(), TAIL].concat()
    }

    /// Reads the last bytes of a file; `None` if they are no trailer.
    pub(super) fn decode(bytes: &[u8; TRAILER]) -> Option<Trailer> {
        let rest = bytes.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
        let (manifest_at, sha256) = rest.split_first_chunk::<8>()?;
        // `Digest` is made from text or content only; both ways end in the same 32 bytes.
        let text: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Trailer { manifest_at: u64::from_le_bytes(*manifest_at), sha256: text.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn is_an_empty_gzip_member() {
        let trailer = Trailer { manifest_at: 0x1234_5678_9abc, sha256: Digest::of(b"x") };
        let bytes: [u8; TRAILER] = trailer.encode().try_into().unwrap();
        assert_eq!(Trailer::decode(&bytes), Some(trailer));
        let mut out = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
        decoder.read_to_end(&mut out).unwrap();
        assert!(out.is_empty());
        assert_eq!(decoder.header().unwrap().extra().unwrap().len(), 0x34);
    }

    #[test]
    fn any_change_of_its_frame_is_noticed() {
        let bytes: [u8; TRAILER] = Trailer { manifest_at: 7, sha256: Digest::of(b"x") }.encode().try_into().unwrap();
        for at in (0..HEAD.len()).chain(TRAILER - TAIL.len()..TRAILER) {
            let mut changed = bytes;
            changed[at] ^= 1;
            assert_eq!(Trailer::decode(&changed), None, "byte {at}");
        }
    }
}
