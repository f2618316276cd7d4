//! gzip members, one after the other, as one stream of unpacked bytes within limits.

use super::error::{ArchiveError, Excess, Fault};
use super::limits::Limits;
use super::manifest::Member;
use super::read_at::RangeReader;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead as _, BufReader, Read};

type Packed<'a> = BufReader<RangeReader<'a>>;

/// Unpacks all members of a range.
pub(super) struct Gunzip<'a> {
    state: State<'a>,
    /// The members that the manifest promises from here on; none where there is no manifest.
    expected: &'a [Member],
    /// Where the current member starts, unpacked.
    member_at: u64,
    /// Where the first byte lay, unpacked.
    from: u64,
    at: u64,
    count: usize,
    limits: Limits,
}

enum State<'a> {
    Between(Packed<'a>),
    Within(Box<GzDecoder<Packed<'a>>>),
    Failed,
}

impl<'a> Gunzip<'a> {
    /// Starts at the first byte of a member; the unpacked bytes are counted from `from`.
    pub(super) fn new(range: RangeReader<'a>, buffer: usize, from: u64, limits: Limits) -> Gunzip<'a> {
        let state = State::Between(BufReader::with_capacity(buffer, range));
        Gunzip { state, expected: &[], member_at: from, from, at: from, count: 0, limits }
    }

    /// Checks that members begin and end where the manifest says.
    pub(super) fn expecting(self, expected: &'a [Member]) -> Gunzip<'a> {
        Gunzip { expected, ..self }
    }

    /// Returns the place of the next byte in the unpacked whole.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Returns the packed side.
    pub(super) fn packed(&self) -> Option<&RangeReader<'a>> {
        match &self.state {
            State::Between(packed) => Some(packed.get_ref()),
            State::Within(decoder) => Some(decoder.get_ref().get_ref()),
            State::Failed => None,
        }
    }

    fn check_member(&self, holds: impl Fn(&Member) -> bool) -> io::Result<()> {
        match self.expected.first() {
            Some(member) if !holds(member) => {
                Err(ArchiveError::malformed(self.at, Fault::Member(self.count)).into_stream())
            }
            _ => Ok(()),
        }
    }

    fn check_limits(&self, packed: u64) -> io::Result<()> {
        let unpacked = self.at - self.from;
        let excess = if unpacked > self.limits.total {
            Excess::Total(self.limits.total)
        } else if unpacked > self.limits.ratio_after && unpacked > packed.saturating_mul(self.limits.ratio) {
            Excess::Ratio(self.limits.ratio)
        } else {
            return Ok(());
        };
        Err(ArchiveError::Bomb(excess).into_stream())
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            match std::mem::replace(&mut self.state, State::Failed) {
                State::Failed => return Err(io::Error::other("the stream has failed before")),
                State::Between(mut packed) => {
                    if packed.fill_buf()?.is_empty() {
                        self.state = State::Between(packed);
                        return Ok(0);
                    }
                    let place = packed.get_ref().at() - packed.buffer().len() as u64;
                    self.check_member(|member| member.packed_at == place)?;
                    self.state = State::Within(Box::new(GzDecoder::new(packed)));
                }
                State::Within(mut decoder) => {
                    let length = decoder.read(buffer)?;
                    let packed = decoder.get_ref();
                    let consumed = packed.get_ref().count() - packed.buffer().len() as u64;
                    if length > 0 {
                        self.state = State::Within(decoder);
                        self.at += length as u64;
                        self.check_limits(consumed)?;
                        return Ok(length);
                    }
                    self.check_member(|member| self.at - self.member_at == member.unpacked)?;
                    self.expected = self.expected.get(1..).unwrap_or_default();
                    self.count += 1;
                    self.member_at = self.at;
                    self.state = State::Between(decoder.into_inner());
                }
            }
        }
        Ok(0)
    }
}
