//! Parameter tables: operation -> attribute set -> parameter, and which set a descriptor gets.
//!
//! The order of sets is the file's and means something: the last set whose predicates all hold wins.

use super::estimate::Descriptor;
use super::rests_on::RestsOn;
use serde::Serialize;

/// What a part of a set's key asks of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicate {
    /// Nothing.
    Base,
    /// The data format is Int8.
    Int8,
    /// The data format is Int32.
    Int32,
    /// The data format is one of the block floats.
    BlockFloat,
    /// It approximates.
    Approximate,
    /// The vector mode is `r`.
    Rows,
    /// The vector mode is `c`.
    Columns,
    /// It accumulates in L1.
    L1,
    /// The operation's attribute is `c`.
    DimensionC,
}

impl Predicate {
    /// All predicates with their words.
    pub const ALL: [(&'static str, Predicate); 9] = [
        ("base", Predicate::Base),
        ("df_int8", Predicate::Int8),
        ("df_int32", Predicate::Int32),
        ("df_bfp", Predicate::BlockFloat),
        ("approx", Predicate::Approximate),
        ("vector_r", Predicate::Rows),
        ("vector_c", Predicate::Columns),
        ("l1_acc_en", Predicate::L1),
        ("dim_c", Predicate::DimensionC),
    ];

    /// Attributes that are measured apart: what has them is not what has not.
    const APART: [Predicate; 7] = [
        Predicate::Int8,
        Predicate::Int32,
        Predicate::Approximate,
        Predicate::Rows,
        Predicate::Columns,
        Predicate::L1,
        Predicate::DimensionC,
    ];

    /// Returns the word.
    fn word(self) -> &'static str {
        Predicate::ALL.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }

    fn holds(self, descriptor: &Descriptor<'_>) -> bool {
        match self {
            Predicate::Base => true,
            Predicate::Int8 => descriptor.data_format == "Int8",
            Predicate::Int32 => descriptor.data_format == "Int32",
            Predicate::BlockFloat => descriptor.data_format.starts_with("Bfp"),
            Predicate::Approximate => descriptor.approximate,
            Predicate::Rows => descriptor.vector_mode == "r",
            Predicate::Columns => descriptor.vector_mode == "c",
            Predicate::L1 => descriptor.l1_accumulate,
            Predicate::DimensionC => descriptor.attribute == "c",
        }
    }
}

/// Reads a set's key: predicates joined by `/`; the error is the word that is none.
pub fn predicates(key: &str) -> Result<Vec<Predicate>, String> {
    let read = |word: &str| Predicate::ALL.iter().find(|(known, _)| *known == word).map(|(_, predicate)| *predicate);
    key.split('/').map(|word| read(word).ok_or_else(|| word.to_owned())).collect()
}

/// The parameters of one attribute set.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSet {
    /// The key as written.
    pub key: String,
    /// What it asks for.
    pub predicates: Vec<Predicate>,
    /// Names and values.
    pub values: Vec<(String, f32)>,
    /// What they rest on; none: nobody wrote it down.
    pub rests_on: Option<Box<RestsOn>>,
}

/// The parameters of one version of one machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    /// Operations and their sets, in the order of the file.
    pub ops: Vec<(String, Vec<ParamSet>)>,
}

/// Two operations that have the same parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Same {
    /// One set, as `op/set`.
    pub one: String,
    /// The other.
    pub other: String,
}

impl ParamSet {
    /// Returns what a descriptor asks for and the set is not of; of block floats it may be without saying so.
    pub(super) fn missing(&self, descriptor: &Descriptor<'_>) -> Option<&'static str> {
        let missing = |wanted: &&Predicate| wanted.holds(descriptor) && !self.predicates.contains(wanted);
        Predicate::APART.iter().find(missing).map(|predicate| predicate.word())
    }

    /// Returns a parameter.
    pub fn value(&self, name: &str) -> Option<f32> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

impl Params {
    /// Tells whether there are parameters for an operation.
    pub fn has(&self, op: &str) -> bool {
        self.ops.iter().any(|(known, _)| known == op)
    }

    /// Returns the last set of an operation whose predicates all hold.
    pub fn find(&self, op: &str, descriptor: &Descriptor<'_>) -> Option<&ParamSet> {
        let (_, sets) = self.ops.iter().find(|(known, _)| known == op)?;
        sets.iter().rev().find(|set| set.predicates.iter().all(|predicate| predicate.holds(descriptor)))
    }

    /// Finds sets of different operations with the same parameters, of which two at least are not 0.
    pub fn same(&self) -> Vec<Same> {
        let sets: Vec<(&str, &ParamSet)> =
            self.ops.iter().flat_map(|(op, sets)| sets.iter().map(move |set| (op.as_str(), set))).collect();
        let mut found = Vec::new();
        for (index, (op, set)) in sets.iter().enumerate() {
            let counted = set.values.iter().filter(|(_, value)| *value != 0.0).count();
            for (other_op, other) in &sets[index + 1..] {
                if op != other_op && counted >= 2 && set.values == other.values {
                    found.push(Same { one: format!("{op}/{}", set.key), other: format!("{other_op}/{}", other.key) });
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, values: &[(&str, f32)]) -> ParamSet {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        ParamSet { key: key.to_owned(), predicates: predicates(key).unwrap(), values, rests_on: None }
    }

    #[test]
    fn the_last_set_that_holds_wins() {
        let sets = ["base", "approx", "vector_r", "approx/vector_r", "df_bfp"].map(|key| set(key, &[("a", 1.0)]));
        let params = Params { ops: vec![("exp".to_owned(), sets.to_vec())] };
        let check = |descriptor: Descriptor<'_>, expected: &str| {
            assert_eq!(params.find("exp", &descriptor).map(|set| set.key.as_str()), Some(expected));
        };
        let plain = Descriptor { data_format: "Float16", ..Descriptor::default() };
        check(plain, "base");
        check(Descriptor { approximate: true, ..plain }, "approx");
        check(Descriptor { vector_mode: "r", ..plain }, "vector_r");
        check(Descriptor { vector_mode: "r", approximate: true, ..plain }, "approx/vector_r");
        check(Descriptor { vector_mode: "r", data_format: "Bfp8_b", ..plain }, "df_bfp");
        assert_eq!(params.find("log", &plain), None);
        let without_base = Params { ops: vec![("exp".to_owned(), vec![set("approx", &[])])] };
        assert_eq!(without_base.find("exp", &plain), None);
        assert_eq!(predicates("approx/vector_q"), Err("vector_q".to_owned()));
    }

    #[test]
    fn copies_are_found() {
        let values = [("u", 7.5), ("t", 910.0)];
        let ops = [
            ("fast", set("base", &values)),
            ("slow", set("base", &values)),
            ("zero", set("base", &[("u", 0.0), ("t", 910.0)])),
        ];
        let params = Params { ops: ops.map(|(op, set)| (op.to_owned(), vec![set])).to_vec() };
        assert_eq!(params.same(), [Same { one: "fast/base".to_owned(), other: "slow/base".to_owned() }]);
    }
}
