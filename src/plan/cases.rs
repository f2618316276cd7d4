//! The cases of a plan, compactly: a million cases of six parameters are a few megabytes.

use crate::suite::ParamIndex;
use crate::value::Scalar;
use std::collections::HashMap;
use std::sync::Arc;

/// Code of a parameter that a case does not have; code `k` means value `k - 1` of the parameter.
pub const ABSENT: u32 = 0;

/// A list of small numbers that widens as needed.
#[derive(Debug, Clone)]
enum Column {
    Narrow(Vec<u8>),
    Medium(Vec<u16>),
    Wide(Vec<u32>),
}

impl Column {
    fn push(&mut self, code: u32) {
        match self {
            Column::Narrow(codes) => match u8::try_from(code) {
                Ok(code) => codes.push(code),
                Err(_) => {
                    *self = Column::Medium(codes.iter().map(|&code| u16::from(code)).collect());
                    self.push(code);
                }
            },
            Column::Medium(codes) => match u16::try_from(code) {
                Ok(code) => codes.push(code),
                Err(_) => {
                    *self = Column::Wide(codes.iter().map(|&code| u32::from(code)).collect());
                    self.push(code);
                }
            },
            Column::Wide(codes) => codes.push(code),
        }
    }

    fn get(&self, index: usize) -> u32 {
        match self {
            Column::Narrow(codes) => u32::from(codes[index]),
            Column::Medium(codes) => u32::from(codes[index]),
            Column::Wide(codes) => codes[index],
        }
    }

    /// Gives the codes as bytes, least significant first, after a byte that says how wide they are.
    fn bytes(&self, take: &mut dyn FnMut(&[u8])) {
        match self {
            Column::Narrow(codes) => {
                take(&[1]);
                take(codes);
            }
            Column::Medium(codes) => {
                take(&[2]);
                codes
                    .chunks(1 << 12)
                    .for_each(|part| take(&part.iter().flat_map(|code| code.to_le_bytes()).collect::<Vec<_>>()));
            }
            Column::Wide(codes) => {
                take(&[4]);
                codes
                    .chunks(1 << 12)
                    .for_each(|part| take(&part.iter().flat_map(|code| code.to_le_bytes()).collect::<Vec<_>>()));
            }
        }
    }
}

/// Cases as codes by parameter, with the block each came from.
#[derive(Debug, Clone)]
pub struct Cases {
    values: Arc<Vec<Vec<Scalar>>>,
    columns: Vec<Column>,
    blocks: Column,
    length: usize,
}

impl Cases {
    /// Returns no cases of so many parameters, whose values are coded in `values`.
    pub(super) fn new(values: Arc<Vec<Vec<Scalar>>>) -> Cases {
        let columns = vec![Column::Narrow(Vec::new()); values.len()];
        Cases { values, columns, blocks: Column::Narrow(Vec::new()), length: 0 }
    }

    /// Returns no cases, with the same values.
    pub(super) fn like(&self) -> Cases {
        Cases::new(self.values.clone())
    }

    pub(super) fn push(&mut self, codes: &[u32], block: u32) {
        for (column, &code) in self.columns.iter_mut().zip(codes) {
            column.push(code);
        }
        self.blocks.push(block);
        self.length += 1;
    }

    /// Reads the codes of a case into `codes`.
    pub(super) fn read(&self, case: usize, codes: &mut [u32]) {
        for (code, column) in codes.iter_mut().zip(&self.columns) {
            *code = column.get(case);
        }
    }

    /// Feeds the codes of a parameter, in case order, to `take`, a part at a time.
    pub(super) fn column_bytes(&self, param: ParamIndex, take: &mut dyn FnMut(&[u8])) {
        self.columns[param].bytes(take);
    }

    /// Returns the number of cases.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Tells whether there is no case.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Returns the number of parameters.
    pub fn params(&self) -> usize {
        self.columns.len()
    }

    /// Returns the code of a parameter in a case.
    pub fn code(&self, case: usize, param: ParamIndex) -> u32 {
        self.columns[param].get(case)
    }

    /// Returns the value of a parameter in a case, if it has one.
    pub fn value(&self, case: usize, param: ParamIndex) -> Option<&Scalar> {
        self.decode(param, self.code(case, param))
    }

    /// Returns the value that a code means.
    pub fn decode(&self, param: ParamIndex, code: u32) -> Option<&Scalar> {
        self.values[param].get((code as usize).wrapping_sub(1))
    }

    /// Returns all values of a parameter that the plan knows, in code order.
    pub fn values(&self, param: ParamIndex) -> &[Scalar] {
        &self.values[param]
    }

    /// Returns the block a case came from.
    pub fn block(&self, case: usize) -> usize {
        self.blocks.get(case) as usize
    }

    /// Returns the blocks that cases come from, ascending.
    pub(super) fn blocks_used(&self) -> Vec<usize> {
        let mut used = Vec::new();
        for case in 0..self.length {
            let block = self.block(case);
            if let Err(place) = used.binary_search(&block) {
                used.insert(place, block);
            }
        }
        used
    }
}

/// Finds cases by their codes: an open table of case numbers, four bytes a place.
#[derive(Debug, Default)]
pub(super) struct CaseIndex {
    /// Number of a case plus 1, or 0; the length is a power of two.
    places: Vec<u32>,
    used: usize,
}

impl CaseIndex {
    /// Returns the case with these codes, or takes note that it is the next one of `cases`.
    pub(super) fn find_or_add(&mut self, cases: &Cases, codes: &[u32]) -> Option<usize> {
        if self.used * 2 >= self.places.len() {
            self.grow(cases);
        }
        let mask = self.places.len() - 1;
        let mut place = hash(codes.iter().copied()) & mask;
        loop {
            match self.places[place] {
                0 => {
                    self.places[place] = cases.len() as u32 + 1;
                    self.used += 1;
                    return None;
                }
                found => {
                    let case = found as usize - 1;
                    if codes.iter().enumerate().all(|(param, &code)| cases.code(case, param) == code) {
                        return Some(case);
                    }
                }
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self, cases: &Cases) {
        let length = (self.places.len() * 2).max(1024);
        let mask = length - 1;
        let mut places = vec![0; length];
        for found in self.places.iter().copied().filter(|&found| found != 0) {
            let mut place = hash((0..cases.params()).map(|param| cases.code(found as usize - 1, param))) & mask;
            while places[place] != 0 {
                place = (place + 1) & mask;
            }
            places[place] = found;
        }
        self.places = places;
    }
}

/// Mixes codes to a place (multiplication by a large odd number; Knuth, The Art of Computer
/// Programming 3, 6.4).
fn hash(codes: impl Iterator<Item = u32>) -> usize {
    let mixed =
        codes.fold(0u64, |hash, code| (hash.rotate_left(5) ^ u64::from(code)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (mixed >> 20) as usize
}

/// Gives values their codes, in the order of first use.
pub(super) struct Coder {
    values: Vec<Vec<Scalar>>,
    codes: Vec<HashMap<Scalar, u32>>,
}

impl Coder {
    pub(super) fn new(params: usize) -> Coder {
        Coder { values: vec![Vec::new(); params], codes: vec![HashMap::new(); params] }
    }

    pub(super) fn code(&mut self, param: ParamIndex, value: &Scalar) -> u32 {
        if let Some(&code) = self.codes[param].get(value) {
            return code;
        }
        self.values[param].push(value.clone());
        let code = self.values[param].len() as u32;
        self.codes[param].insert(value.clone(), code);
        code
    }

    pub(super) fn into_values(self) -> Vec<Vec<Scalar>> {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_widen_without_loss() {
        let mut column = Column::Narrow(Vec::new());
        let codes = [0, 255, 256, 3, 65_535, 65_536, 7];
        for code in codes {
            column.push(code);
        }
        assert_eq!((0..7).map(|index| column.get(index)).collect::<Vec<_>>(), codes);
    }
}
