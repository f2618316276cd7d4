//! Whole numbers as options take them: of what is none, the error says what is wanted.

use std::fmt::Write as _;
use std::ops::{Bound, RangeBounds};

/// Returns a reader of whole numbers within bounds.
pub(super) fn whole<T: TryFrom<u64>>(
    bounds: impl RangeBounds<u64> + Clone + Send + Sync + 'static,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.and_then(|number: u64| T::try_from(number).ok()).ok_or_else(|| wanted::<T>(text, &bounds))
    }
}

/// Says which numbers there may be.
fn wanted<T: TryFrom<u64>>(text: &str, bounds: &impl RangeBounds<u64>) -> String {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let least = match bounds.start_bound() {
        Bound::Included(least) => *least,
        Bound::Excluded(below) => below.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let most = match bounds.end_bound() {
        Bound::Included(most) => Some(*most),
        Bound::Excluded(above) => Some(above.saturating_sub(1)),
        Bound::Unbounded => None,
    };
    let mut said = "wanted: a whole number".to_owned();
    // Writing to memory does not fail.
    let _ = match (least, most) {
        (least, Some(most)) => write!(said, " from {least} to {most}"),
        (0, None) => Ok(()),
        (least, None) => write!(said, ", {least} or more"),
    };
    let fits = text.parse().is_ok_and(|number: u64| T::try_from(number).is_ok());
    if most.is_none() && digits && !fits {
        said.push_str("; this one is too large");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::super::arguments::Cli;
    use super::*;
    use clap::builder::ValueParser;
    use clap::{Command, CommandFactory};
    use std::any::TypeId;

    #[test]
    fn numbers_within_bounds() {
        let check = |text: &str, expected: Result<u32, &str>| {
            assert_eq!(whole::<u32>(1..=30)(text), expected.map_err(str::to_owned), "{text}");
        };
        check("1", Ok(1));
        check("30", Ok(30));
        for wrong in ["0", "31", "two", "", "-1", "1.5", "99999999999999999999"] {
            check(wrong, Err("wanted: a whole number from 1 to 30"));
        }
        assert_eq!(whole::<u32>(1..)("0"), Err("wanted: a whole number, 1 or more".to_owned()));
        assert_eq!(whole::<usize>(..)("few"), Err("wanted: a whole number".to_owned()));
        assert_eq!(whole::<u64>(..8)("8"), Err("wanted: a whole number from 0 to 7".to_owned()));
        for large in ["4294967296", "99999999999999999999"] {
            let expected = "wanted: a whole number, 1 or more; this one is too large";
            assert_eq!(whole::<u32>(1..)(large), Err(expected.to_owned()), "{large}");
        }
    }

    /// Collects what the options of a command that take whole numbers say of a word.
    fn told(command: &Command, path: &[String], said: &mut Vec<(String, String)>) {
        let types = [TypeId::of::<u32>(), TypeId::of::<u64>(), TypeId::of::<usize>()];
        let is_number = |parser: &ValueParser| types.iter().any(|number| parser.type_id() == *number);
        for option in command.get_arguments().filter(|option| is_number(option.get_value_parser())) {
            let option = format!("--{}=two", option.get_long().unwrap());
            let words = path.iter().cloned().chain([option.clone()]);
            let error = Cli::command().try_get_matches_from(words).unwrap_err();
            said.push((format!("{} {option}", path.join(" ")), error.to_string()));
        }
        for inner in command.get_subcommands() {
            told(inner, &[path, &[inner.get_name().to_owned()]].concat(), said);
        }
    }

    #[test]
    fn every_option_says_what_is_wanted() {
        let mut said = Vec::new();
        told(&Cli::command(), &["shmoo".to_owned()], &mut said);
        assert!(said.len() > 15, "{said:?}");
        for (option, said) in said {
            // The one that is no plain number is a size.
            assert!(said.contains("wanted: a whole number") || said.contains("a size such as"), "{option}: {said}");
        }
    }
}
