//! Two commands, two version lines, two commits: how they differ, in few words.

use super::lineage::short_commit;
use super::red::shorten;
use crate::record::SourceInfo;

/// Says how two commands differ, at their first argument that does.
pub(super) fn commands(was: &[String], now: &[String]) -> String {
    let differ = was.iter().zip(now).find(|(was, now)| was != now);
    match differ {
        Some((was, now)) if was.len() + now.len() <= 80 => format!("its command (`{was}` -> `{now}`)"),
        _ => "its command".to_owned(),
    }
}

/// Says how two version lines differ: `ngspice 42 -> 43`, at the first word with a digit that does.
pub(super) fn versions(name: &str, was: &str, is: &str) -> String {
    let words = was.split_whitespace().zip(is.split_whitespace());
    let digits = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    match words.into_iter().find(|(was, is)| was != is) {
        Some((was, is)) if digits(was) && digits(is) => {
            let bare = |word: &str| {
                let rest = word.strip_prefix(name).and_then(|rest| rest.strip_prefix(['-', ' ', '_', '/']));
                shorten(rest.unwrap_or(word).trim_end_matches([',', ';']))
            };
            format!("{name} {} -> {}", bare(was), bare(is))
        }
        _ => format!("{name} {} -> {}", shorten(was), shorten(is)),
    }
}

/// Says which commits lie between two runs; none if both are of one commit without changes.
pub(super) fn commits(head: &SourceInfo, base: &SourceInfo, number: Option<u64>) -> Option<String> {
    let dirty = |source: &SourceInfo| source.dirty == Some(true);
    let with = if dirty(head) { " with uncommitted changes" } else { "" };
    Some(match (&base.commit, &head.commit) {
        (Some(from), Some(to)) if from != to => {
            let number = match number {
                Some(1) => " (1 commit)".to_owned(),
                Some(number) => format!(" ({number} commits)"),
                None => String::new(),
            };
            format!("commits {}..{}{number}{with}", short_commit(from), short_commit(to))
        }
        (Some(_), Some(_)) => match (dirty(base), dirty(head)) {
            (false, false) => return None,
            (false, true) => "uncommitted changes".to_owned(),
            (true, false) => "uncommitted changes, which are gone".to_owned(),
            (true, true) => "maybe the uncommitted changes that both have".to_owned(),
        },
        (None, Some(commit)) => format!("commit {}{with}, of a base without one", short_commit(commit)),
        (Some(commit), None) => format!("commit {} of the base, this run has none", short_commit(commit)),
        (None, None) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_lines() {
        let check = |name: &str, was: &str, is: &str, expected: &str| assert_eq!(versions(name, was, is), expected);
        check("ngspice", "ngspice-42 : Circuit level", "ngspice-43 : Circuit level", "ngspice 42 -> 43");
        check("magic", "8.3.105", "8.3.411", "magic 8.3.105 -> 8.3.411");
        let netgen = "Netgen 1.5.133 compiled on Thu Dec  1 22:32:11 UTC 2022";
        check("netgen-lvs", netgen, "Netgen 1.5.275 compiled on Fri", "netgen-lvs 1.5.133 -> 1.5.275");
        let bash = "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)";
        let other = bash.replace("5.2.15(1)", "5.2.21(1)");
        check("bash", bash, &other, "bash 5.2.15(1)-release -> 5.2.21(1)-release");
        check("x", "old words", "new words", "x old words -> new words");
        check("x", "1.0", "1.0 rc", "x 1.0 -> 1.0 rc");
    }

    #[test]
    fn ranges_of_commits() {
        let source = |commit: &str, dirty: bool| SourceInfo {
            commit: (!commit.is_empty()).then(|| commit.repeat(10)),
            dirty: Some(dirty),
            ..SourceInfo::default()
        };
        let check = |base: SourceInfo, head: SourceInfo, number: Option<u64>, expected: &str| {
            let found = commits(&head, &base, number);
            assert_eq!(found.as_deref().unwrap_or("none"), expected);
        };
        let (old, new) = (|| source("a1", false), || source("b2", false));
        check(old(), new(), Some(3), "commits a1a1a1a1a1..b2b2b2b2b2 (3 commits)");
        check(old(), new(), Some(1), "commits a1a1a1a1a1..b2b2b2b2b2 (1 commit)");
        check(old(), source("b2", true), None, "commits a1a1a1a1a1..b2b2b2b2b2 with uncommitted changes");
        check(old(), old(), Some(0), "none");
        check(old(), source("a1", true), None, "uncommitted changes");
        check(source("a1", true), old(), None, "uncommitted changes, which are gone");
        check(source("a1", true), source("a1", true), None, "maybe the uncommitted changes that both have");
        check(source("", false), new(), None, "commit b2b2b2b2b2, of a base without one");
        check(old(), source("", false), None, "commit a1a1a1a1a1 of the base, this run has none");
        check(source("", false), source("", false), None, "none");
    }
}
