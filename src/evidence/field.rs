//! One value from a report.

use super::NoValue;
use std::fmt;

/// One value from a report. Numbers are finite.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// One number.
    Number(f64),
    /// Several numbers of one kind: repetitions, a column.
    List(Vec<f64>),
    /// A text, such as a digest.
    Text(String),
    /// A truth value.
    Bool(bool),
}

impl Field {
    /// Returns the number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Field::Number(number) => Some(*number),
            Field::List(_) | Field::Text(_) | Field::Bool(_) => None,
        }
    }

    /// Names the kind of the value in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Field::Number(_) => "a number",
            Field::List(_) => "a list of numbers",
            Field::Text(_) => "a text",
            Field::Bool(_) => "a truth value",
        }
    }

    /// Reads what a tool printed as one value: a finite number, `true` or `false`, else a text.
    pub(super) fn read(text: &str) -> Result<Field, NoValue> {
        match text.trim() {
            "" => Err(NoValue::Empty),
            "true" => Ok(Field::Bool(true)),
            "false" => Ok(Field::Bool(false)),
            text => match read_number(text) {
                Ok(number) => Ok(Field::Number(number)),
                Err(NoValue::NotANumber) => Ok(Field::Text(text.to_owned())),
                Err(why) => Err(why),
            },
        }
    }

    /// Makes one field of the values found in several places: one value as it is, several numbers a
    /// list, several equal values one.
    pub(super) fn join(mut values: Vec<Field>) -> Option<Field> {
        if values.len() > 1 {
            let numbers: Option<Vec<f64>> = values.iter().map(Field::number).collect();
            if let Some(numbers) = numbers {
                return Some(Field::List(numbers));
            }
            if values.iter().any(|value| *value != values[0]) {
                return None;
            }
        }
        values.pop()
    }
}

/// Reads a finite number as tools print it.
pub(super) fn read_number(text: &str) -> Result<f64, NoValue> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NoValue::Empty);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(NoValue::NotFinite),
        // What some C libraries print for a number that is none: `nan(0x8000000000000)`, `-1.#IND`.
        Err(_) if text.trim_start_matches(['-', '+']).to_ascii_lowercase().starts_with("nan(") => {
            Err(NoValue::NotFinite)
        }
        Err(_) if text.contains(".#") => Err(NoValue::NotFinite),
        Err(_) => Err(NoValue::NotANumber),
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Number(number) => number.fmt(f),
            Field::Text(text) => f.write_str(text),
            Field::Bool(value) => value.fmt(f),
            Field::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}

impl From<f64> for Field {
    fn from(number: f64) -> Field {
        Field::Number(number)
    }
}

impl From<usize> for Field {
    fn from(count: usize) -> Field {
        Field::Number(count as f64)
    }
}

impl From<u64> for Field {
    fn from(count: u64) -> Field {
        Field::Number(count as f64)
    }
}

impl From<bool> for Field {
    fn from(value: bool) -> Field {
        Field::Bool(value)
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Field {
        Field::Text(text.to_owned())
    }
}

impl From<String> for Field {
    fn from(text: String) -> Field {
        Field::Text(text)
    }
}

impl From<Vec<f64>> for Field {
    fn from(values: Vec<f64>) -> Field {
        Field::List(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_tools_print() {
        let check = |text: &str, expected: &str| {
            let read = match Field::read(text) {
                Ok(field) => format!("{} {field}", field.kind()),
                Err(why) => format!("error {why}"),
            };
            assert_eq!(read, expected, "{text}");
        };
        check("3.6156E+09", "a number 3615600000");
        check(" -1 ", "a number -1");
        check("true", "a truth value true");
        check("True", "a text True");
        check("4.2 ms", "a text 4.2 ms");
        check("0x10", "a text 0x10");
        check("", "error it is empty");
        for text in ["nan", "-nan", "inf", "-Infinity", "1e999", "nan(0x8000000000000)", "-1.#IND"] {
            check(text, "error it is not a finite number");
        }
    }

    #[test]
    fn joins_several_values() {
        let text = |text: &str| Field::Text(text.to_owned());
        assert_eq!(Field::join(vec![]), None);
        assert_eq!(Field::join(vec![1.0.into()]), Some(Field::Number(1.0)));
        assert_eq!(Field::join(vec![1.0.into(), 2.0.into()]), Some(Field::List(vec![1.0, 2.0])));
        assert_eq!(Field::join(vec![text("a"), text("a")]), Some(text("a")));
        assert_eq!(Field::join(vec![text("a"), 1.0.into()]), None);
    }
}
