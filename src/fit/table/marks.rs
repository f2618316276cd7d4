//! Where bytes of a kind are, eight bytes at a time and without a branch for each: those that are no digits, among them
//! all ends of cells, or the commas (after Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019).

/// The places of some bytes, ascending.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// Room for all bytes; the first `count` are places.
    places: Vec<u32>,
    count: usize,
}

/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// Places that are written together, of which the last may be none.
const GROUP: usize = 8;

impl Marks {
    /// Finds the bytes that are no digits; the end of the bytes is the last place.
    pub(super) fn find(&mut self, bytes: &[u8]) {
        self.find_kind(bytes, others);
    }

    /// Finds the commas; the end of the bytes is the last place.
    pub(super) fn find_commas(&mut self, bytes: &[u8]) {
        self.find_kind(bytes, commas);
    }

    /// Finds the bytes of a kind, of which `bits` has those of a block; digits are none of them.
    fn find_kind(&mut self, bytes: &[u8], bits: impl Fn(&[u8; BLOCK]) -> u64) {
        let room = bytes.len() + BLOCK + GROUP + 1;
        if self.places.len() < room {
            self.places.resize(room, 0);
        }
        self.count = 0;
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (index, block) in blocks.iter().enumerate() {
            self.note(index * BLOCK, bits(block));
        }
        let mut last = [b'0'; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        self.note(blocks.len() * BLOCK, bits(&last));
        self.places[self.count] = bytes.len() as u32;
        self.count += 1;
    }

    pub(super) fn places(&self) -> &[u32] {
        &self.places[..self.count]
    }

    /// Notes the places of a block, one for each bit.
    fn note(&mut self, start: usize, mut bits: u64) {
        let count = bits.count_ones() as usize;
        let (groups, _) = self.places[self.count..].as_chunks_mut::<GROUP>();
        for group in &mut groups[..count.div_ceil(GROUP)] {
            for place in group {
                *place = start as u32 + bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
            }
        }
        self.count += count;
    }
}

/// Returns a bit for each byte that is no digit.
fn others(block: &[u8; BLOCK]) -> u64 {
    gather(block, |word| {
        let digits = word ^ (EACH * 0x30);
        // The upper bit of each byte that is ten or more; none carries into the next.
        ((digits & (EACH * 0x7f)) + EACH * 0x76) | digits
    })
}

/// Returns a bit for each comma.
fn commas(block: &[u8; BLOCK]) -> u64 {
    gather(block, |word| {
        let others = word ^ (EACH * 0x2c);
        !(((others & (EACH * 0x7f)) + EACH * 0x7f) | others)
    })
}

/// One for each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Returns a bit for each byte whose upper bit is set in what `mark` makes of its word.
#[inline]
fn gather(block: &[u8; BLOCK], mark: impl Fn(u64) -> u64) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    let bits = words.iter().enumerate().map(|(index, word)| {
        let marks = (mark(u64::from_le_bytes(*word)) >> 7) & EACH;
        // Gathers the bits in the upper byte.
        (marks.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index)
    });
    bits.fold(0, |all, bits| all | bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_byte_of_a_kind(
            bytes in prop::collection::vec(prop_oneof![b'0'..=b'9', any::<u8>(), Just(b',')], 0..300)
        ) {
            let mut marks = Marks::default();
            marks.find(b"1,2,3,4");
            marks.find(&bytes);
            let places = |kind: fn(u8) -> bool| -> Vec<u32> {
                let found = bytes.iter().enumerate().filter(|(_, byte)| kind(**byte));
                found.map(|(place, _)| place as u32).chain([bytes.len() as u32]).collect()
            };
            prop_assert_eq!(marks.places(), places(|byte| !byte.is_ascii_digit()));
            marks.find_commas(&bytes);
            prop_assert_eq!(marks.places(), places(|byte| byte == b','));
        }
    }
}
