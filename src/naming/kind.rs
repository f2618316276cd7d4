//! The kind of a parameter: what its values are, and how a text is read as one.

use crate::value::Scalar;
use std::fmt;

/// What the values of a parameter are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Whole numbers.
    Int,
    /// Numbers.
    Decimal,
    /// Texts.
    Word,
    /// `true` and `false`.
    Bool,
}

/// A value is not of the kind of its parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// It reads otherwise.
    #[error("`{value}` is not {}", .kind.description())]
    Other {
        /// The value.
        value: String,
        /// The kind that is wanted.
        kind: Kind,
    },
    /// It is the empty text, which no name could show.
    #[error("a value may not be empty")]
    Empty,
}

impl KindError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            KindError::Other { kind: Kind::Bool, .. } => Some("write `true` or `false`"),
            KindError::Other { .. } => None,
            KindError::Empty => Some("give it a word, such as `none`"),
        }
    }
}

impl Kind {
    /// Returns the kind that fits the values of a parameter without `type`: numbers if all of them
    /// are, truth values if all of them are, else words. Without any value: words.
    pub fn infer<'a>(values: impl IntoIterator<Item = &'a Scalar>) -> Kind {
        let (mut numbers, mut bools, mut count) = (0, 0, 0);
        for value in values {
            count += 1;
            match value {
                Scalar::Number(_) => numbers += 1,
                Scalar::Bool(_) => bools += 1,
                Scalar::Text(_) => {}
            }
        }
        match count {
            0 => Kind::Word,
            _ if numbers == count => Kind::Decimal,
            _ if bools == count => Kind::Bool,
            _ => Kind::Word,
        }
    }

    /// Returns the kind that is called so in a suite file.
    pub fn named(name: &str) -> Option<Kind> {
        [Kind::Int, Kind::Decimal, Kind::Word, Kind::Bool].into_iter().find(|kind| kind.name() == name)
    }

    /// Returns what the kind is called in a suite file.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Int => "int",
            Kind::Decimal => "decimal",
            Kind::Word => "word",
            Kind::Bool => "bool",
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Kind::Int => "a whole number",
            Kind::Decimal => "a number",
            Kind::Word => "a word",
            Kind::Bool => "a truth value",
        }
    }

    /// Reads a text as a value of this kind.
    pub fn read(self, text: &str) -> Result<Scalar, KindError> {
        let other = || KindError::Other { value: text.to_owned(), kind: self };
        if text.is_empty() {
            return Err(KindError::Empty);
        }
        match self {
            Kind::Word => Ok(Scalar::Text(text.to_owned())),
            Kind::Decimal => text.parse().map(Scalar::Number).map_err(|_| other()),
            Kind::Int => self.coerce(&Scalar::Number(text.parse().map_err(|_| other())?)),
            Kind::Bool => match text {
                "true" => Ok(Scalar::Bool(true)),
                "false" => Ok(Scalar::Bool(false)),
                _ => Err(other()),
            },
        }
    }

    /// Takes a value as one of this kind: a word of any value is its canonical text, and a text
    /// (a number in quotes, say) is read.
    pub fn coerce(self, value: &Scalar) -> Result<Scalar, KindError> {
        match (self, value) {
            (_, Scalar::Text(text)) => self.read(text),
            (Kind::Word, value) => Ok(Scalar::Text(value.to_string())),
            (Kind::Decimal, Scalar::Number(_)) | (Kind::Bool, Scalar::Bool(_)) => Ok(value.clone()),
            (Kind::Int, Scalar::Number(number)) if number.is_integer() => Ok(value.clone()),
            (Kind::Int | Kind::Decimal | Kind::Bool, _) => {
                Err(KindError::Other { value: value.to_string(), kind: self })
            }
        }
    }

    /// Tells whether a value is of this kind as it stands.
    pub fn holds(self, value: &Scalar) -> bool {
        self.coerce(value).as_ref() == Ok(value)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_values() {
        let check = |texts: &[&str], expected: Kind| {
            let values: Vec<Scalar> = texts.iter().map(|text| Scalar::infer(text)).collect();
            assert_eq!(Kind::infer(&values), expected, "{texts:?}");
        };
        check(&["1", "2"], Kind::Decimal);
        check(&["1", "2.5"], Kind::Decimal);
        check(&["true", "false"], Kind::Bool);
        check(&["true"], Kind::Bool);
        check(&["1", "x"], Kind::Word);
        check(&["1", "true"], Kind::Word);
        check(&[], Kind::Word);
    }

    #[test]
    fn reads_and_refuses() {
        let check = |kind: Kind, text: &str, expected: &str| {
            let found = match kind.read(text) {
                Ok(value) => {
                    assert!(kind.holds(&value));
                    format!("{value} is {}", value.kind())
                }
                Err(err) => format!("error: {err}"),
            };
            assert_eq!(found, expected, "{kind} {text}");
        };
        check(Kind::Int, "12", "12 is a number");
        check(Kind::Int, "1.50", "error: `1.5` is not a whole number");
        check(Kind::Int, "x", "error: `x` is not a whole number");
        check(Kind::Decimal, "1.80", "1.8 is a number");
        check(Kind::Decimal, "1,8", "error: `1,8` is not a number");
        check(Kind::Word, "1.80", "1.80 is a text");
        check(Kind::Word, "", "error: a value may not be empty");
        check(Kind::Bool, "true", "true is a truth value");
        check(Kind::Bool, "yes", "error: `yes` is not a truth value");
        assert_eq!(Kind::Word.coerce(&Scalar::infer("1.80")), Ok(Scalar::Text("1.8".to_owned())));
        assert_eq!(Kind::Int.coerce(&Scalar::Text("12".to_owned())), Ok(Scalar::infer("12")));
        assert!(Kind::Decimal.coerce(&Scalar::Bool(true)).is_err());
        for kind in [Kind::Int, Kind::Decimal, Kind::Word, Kind::Bool] {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
    }
}
