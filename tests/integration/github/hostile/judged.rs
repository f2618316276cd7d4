//! What the fork's run is held against: the goldens and known failures of this repository, not its own.

use super::{Forked, SUITE, github, only_comment, receive};

/// The default branch: the first case has a golden that the fork misses, the second is a known failure.
fn own() -> String {
    format!(
        "{SUITE}goldens: {{ file: golden.csv }}\nknown_failures:\n  - {{ stage: count, where: 'size == 2', verdict: fail, reason: too many lines }}\n"
    )
}

const GOLDEN: &str = "metric,point,value,unit\ncount.lines,s1,1,\n";

/// Receives a run of the fork with the files of the default branch; returns the comment.
#[track_caller]
fn comment(forked: Forked, files: &[(&str, &str)]) -> String {
    let fake = github();
    let done = receive(&fake, &forked.archive().unwrap(), files).unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    super::nothing_kept(&done);
    only_comment(&fake)
}

#[test]
fn goldens_and_known_failures_of_the_default_branch_count() {
    let own = own();
    let files = [("suite.yaml", own.as_str()), ("golden.csv", GOLDEN)];
    let body = comment(Forked::with(&files).unwrap(), &files);
    assert!(body.contains("too many lines") && !body.contains("❌"), "{body}");
    // The fork measures something else, and has a table to fit.
    let worse = own.replace("lines=$SHMOO_PARAM_SIZE", "lines=-3");
    let table = GOLDEN.replace("s1,1", "s1,-3");
    let body = comment(Forked::with(&[("suite.yaml", worse.as_str()), ("golden.csv", &table)]).unwrap(), &files);
    assert!(body.contains("❌") && body.contains("golden") && body.contains("-3"), "{body}");
    assert!(body.contains("its suite is not that of this repository"), "{body}");
    // The known failure passes now: that is told, too.
    assert!(body.contains("known to end in fail"), "{body}");
}

#[test]
fn what_the_fork_knows_is_not_known_here() {
    let forgiven = format!(
        "{SUITE}known_failures:\n  - {{ stage: count, where: 'size == 2', verdict: fail, reason: never mind }}\n"
    );
    let body = comment(Forked::of(&forgiven).unwrap(), &[("suite.yaml", SUITE)]);
    assert!(body.contains("❌ failed: 1 of 2 cases did not pass") && !body.contains("never mind"), "{body}");
}

#[test]
fn what_the_fork_leaves_out_is_missed() {
    let own = format!("{SUITE}goldens: {{ file: golden.csv }}\n");
    let table = format!("{GOLDEN}count.lines,s2,2,\n");
    let files = [("suite.yaml", own.as_str()), ("golden.csv", &table)];
    let fewer = own.replace("[1, 2]", "[1]");
    let body = comment(Forked::with(&[("suite.yaml", fewer.as_str()), ("golden.csv", &table)]).unwrap(), &files);
    assert!(body.contains("❌") && body.contains("s2"), "{body}");
}

#[test]
fn where_the_suite_is_and_where_it_is_not() {
    let own = own();
    let files = [("suite.yaml", own.as_str()), ("golden.csv", GOLDEN)];
    let forked = |place: &str| {
        let place = place.to_owned();
        Forked::with(&files).unwrap().edit("record.json", move |record| record["run"]["suite_file"] = place.into())
    };
    // It is found by its name, wherever the fork had it.
    for place in ["elsewhere/suite.yaml", "/etc/passwd", "../../secret.yaml", "suite.yaml"] {
        let body = comment(forked(place), &files);
        assert!(body.contains("too many lines"), "{place}: {body}");
    }
    let body = comment(forked("suite.yaml"), &[("suite.yaml", &own.replace("suite: tiny", "suite: another"))]);
    assert!(body.contains("this repository has no suite `tiny`") && body.contains("❌"), "{body}");
}
