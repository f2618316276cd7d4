//! The commands that a report offers: exact, and safe to paste into a shell.

use super::inert::is_unseen;
use crate::record::RunInfo;
use std::borrow::Cow;

/// Returns the command that runs one case again: `shmoo run SUITE --case NAME`.
pub fn run_command(run: &RunInfo, case: &str) -> String {
    let (before, after) = around_run(run);
    format!("{before}{}{after}", quote(case))
}

/// Returns the command that rebuilds the folders of one case: `shmoo repro NAME --run RUN`.
pub fn repro_command(run: &RunInfo, case: &str) -> String {
    let (before, after) = around_repro(run);
    format!("{before}{}{after}", quote(case))
}

/// Returns the command that runs what this run ran: `shmoo run SUITE`, with its profile and filter.
pub(crate) fn whole_command(run: &RunInfo) -> String {
    format!("shmoo run {}{}{}", quote_path(&run.suite_file), options(run), words(&run.filter))
}

/// Returns what stands before and after the quoted name of a case in `run_command`.
pub(crate) fn around_run(run: &RunInfo) -> (String, String) {
    (format!("shmoo run {} --case ", quote_path(&run.suite_file)), options(run))
}

/// Returns what stands before and after the quoted name of a case in `repro_command`.
pub(crate) fn around_repro(run: &RunInfo) -> (String, String) {
    ("shmoo repro ".to_owned(), format!(" --run {}", quote(run.id.as_str())))
}

/// A profile may give values that the suite alone does not have; another list of cases has others.
fn options(run: &RunInfo) -> String {
    let profile = run.profile.as_deref().map_or_else(String::new, |profile| format!(" --profile {}", quote(profile)));
    profile + &words(&run.options)
}

/// Returns arguments, each behind a blank.
fn words(arguments: &[String]) -> String {
    arguments.iter().map(|argument| format!(" {}", quote(argument))).collect()
}

/// Quotes a word for a POSIX shell; control and invisible characters become `$'...'` escapes, so that
/// what is pasted is what is seen.
pub fn quote(word: &str) -> Cow<'_, str> {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | ':' | '@' | '%' | '+' | ',' | '-' | '=');
    // zsh expands a leading `=`.
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('=') {
        return Cow::Borrowed(word);
    }
    if !word.chars().any(|c| c.is_control() || is_unseen(c)) {
        return Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")));
    }
    let mut quoted = String::from("$'");
    for c in word.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str(r"\n"),
            _ if c.is_control() || is_unseen(c) => quoted.push_str(&format!(r"\U{:08x}", u32::from(c))),
            _ => quoted.push(c),
        }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}

/// Quotes a path that stands where an option could.
fn quote_path(path: &str) -> Cow<'_, str> {
    if path.starts_with('-') { Cow::Owned(quote(&format!("./{path}")).into_owned()) } else { quote(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn words() {
        let check = |word: &str, expected: &str| assert_eq!(quote(word), expected, "{word:?}");
        check("inv5_v1.8_t-40", "inv5_v1.8_t-40");
        check("configs/a.yaml", "configs/a.yaml");
        check("my suite.yaml", "'my suite.yaml'");
        check("it's", r"'it'\''s'");
        check("$(rm -rf /)", "'$(rm -rf /)'");
        check("=20", "'=20'");
        check("", "''");
        check("a\u{1b}[31m'\\\n", r"$'a\U0000001b[31m\'\\\n'");
        check("a\u{202e}b", r"$'a\U0000202eb'");
        check("ü", "'ü'");
    }

    #[test]
    fn commands() {
        let mut run = sample::run();
        assert_eq!(run_command(&run, "inv5"), "shmoo run configs/temp-sense.yaml --case inv5");
        assert_eq!(repro_command(&run, "inv5"), "shmoo repro inv5 --run 20260131-142233-temp-sense-3f9a");
        run.suite_file = "-x y.yaml".into();
        run.profile = Some("nightly".into());
        assert_eq!(run_command(&run, "inv5"), "shmoo run './-x y.yaml' --case inv5 --profile nightly");
        run.filter = vec!["--where".into(), "vdd < 1".into()];
        assert_eq!(whole_command(&run), "shmoo run './-x y.yaml' --profile nightly --where 'vdd < 1'");
        run.options = ["--operations-cfg", "my list.yaml", "--runner", "tt"].map(str::to_owned).to_vec();
        let options = "--profile nightly --operations-cfg 'my list.yaml' --runner tt";
        assert_eq!(run_command(&run, "inv5"), format!("shmoo run './-x y.yaml' --case inv5 {options}"));
        assert_eq!(whole_command(&run), format!("shmoo run './-x y.yaml' {options} --where 'vdd < 1'"));
    }
}
