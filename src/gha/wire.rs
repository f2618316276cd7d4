//! What a step says to its runner: lines of the log, entries of files.
//!
//! A command is `::NAME::DATA`, with `%`, CR and LF escaped as `@actions/core` does. An output is
//! `NAME<<DELIMITER`, the value, `DELIMITER`, each on its line.

/// Returns an entry of the file in `GITHUB_OUTPUT`. The delimiter must [fit](delimiter_fits).
pub fn output(name: &str, value: &str, delimiter: &str) -> String {
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

/// Tells whether a delimiter cannot be mistaken for a part of a value.
pub fn delimiter_fits(value: &str, delimiter: &str) -> bool {
    delimiter.len() >= 16 && !value.contains(delimiter)
}

/// Returns the lines that let the runner hide a value, and each of its lines, wherever it is printed. Short
/// ones would hide everything.
pub fn add_mask(value: &str) -> String {
    let whole = std::iter::once(value.trim());
    let lines = value.lines().map(str::trim).filter(|line| *line != value.trim());
    let long = |text: &&str| text.chars().count() >= 4;
    whole.chain(lines).filter(long).map(|text| format!("::add-mask::{}\n", escaped(text))).collect()
}

/// Returns the line that opens a folded part of the log.
pub fn group(title: &str) -> String {
    format!("::group::{}\n", escaped(title))
}

/// Returns the password of an address such as `postgres://user:password@host/database`.
pub fn secret_of(address: &str) -> Option<&str> {
    let rest = address.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (_, password) = authority.rsplit_once('@')?.0.split_once(':')?;
    (!password.is_empty()).then_some(password)
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs() {
        assert_eq!(output("matrix", "{}\na", "d"), "matrix<<d\n{}\na\nd\n");
        assert!(delimiter_fits("a\nb", "shmoo_0123456789"));
        assert!(!delimiter_fits("a\nshmoo_0123456789\n", "shmoo_0123456789"));
        assert!(!delimiter_fits("", "short"));
    }

    #[test]
    fn commands() {
        assert_eq!(add_mask("secret%"), "::add-mask::secret%25\n");
        assert_eq!(add_mask("one1\ntwo2\nab\n"), "::add-mask::one1%0Atwo2%0Aab\n::add-mask::one1\n::add-mask::two2\n");
        assert_eq!(add_mask("abc"), "");
        assert_eq!(group("a\n::error::b"), "::group::a%0A::error::b\n");
    }

    #[test]
    fn passwords_of_addresses() {
        let check = |address: &str, expected: Option<&str>| assert_eq!(secret_of(address), expected, "{address}");
        check("postgres://me:hunter2@db/x", Some("hunter2"));
        check("postgres://me:a@b@db/x?y=z", Some("a@b"));
        check("postgres://me@db:5432/x", None);
        check("postgres://db:5432/x@y", None);
        check("sqlite:.shmoo/history.db", None);
        check("postgres://me:@db", None);
    }
}
