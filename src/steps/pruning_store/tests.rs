use super::objects::recognize;
use super::*;
use crate::outside::store::Listed;
use crate::record::sample::{record, suite};

/// An object for each word, one a day from day 0: `s:N` is the archive of a run of suite `s` with `N` bytes, `=N` a
/// cached result, `~s:N` a run of suite `s` that was not gathered, `!` machines work on it; then `@BRANCH`, `-` not complete, `?` the history does not know it, `<` an unfinished run takes
/// inputs from it, `#COMMIT`, `^COMMIT` left its base there.
fn check(words: &str, keep: StoreKeep, expected: &str) {
    let (mut objects, mut runs) = (Vec::new(), Vec::new());
    let (mut needed, mut at_work) = (BTreeSet::new(), BTreeSet::new());
    for (day, word) in words.split_whitespace().enumerate() {
        let stored = Timestamp::from_milliseconds(day as i64 * DAY);
        let number = word.split(['=', ':']).nth(1).unwrap();
        let bytes = number.split(|sign: char| !sign.is_ascii_digit()).next().unwrap().parse().unwrap();
        let after = |sign: char| Some(word.split_once(sign)?.1.split(['@', '#', '^']).next()?.to_owned());
        let key = match word.as_bytes()[0] {
            b'=' => format!("results/ab/ab{day}.tar.gz"),
            b'~' => format!("runs/{}/r{day}/run.json", &word[1..2]),
            _ => format!("runs/{}/r{day}.tar.gz", &word[..1]),
        };
        objects.extend(gather(vec![Listed { key: key.parse().unwrap(), bytes, stored }]));
        if word.contains('!') {
            at_work.insert(RunId::new(format!("r{day}")));
        }
        if word.contains('<') {
            needed.insert(RunId::new(format!("r{day}")));
        }
        if !word.starts_with(['=', '~']) && !word.contains('?') {
            let mut run = RunSummary::of(&record(&suite(&["v:v=1"], Vec::new()), &format!("r{day}")));
            run.suite = SuiteName::new(&word[..1]);
            run.started = stored;
            run.complete = !word.contains('-');
            run.filter = Vec::new();
            (run.source.branch, run.source.commit, run.source.merge_base) = (after('@'), after('#'), after('^'));
            run.source.dirty = Some(false);
            runs.insert(0, run);
        }
    }
    let baselines = [BaselineRule::Run("r9".to_owned())];
    let now = Timestamp::from_milliseconds(10 * DAY);
    let known = Known { runs: &runs, needed: &needed, baselines: &baselines, at_work: &at_work, now };
    objects.reverse();
    let decided = decide(objects, &keep, &known);
    let words: Vec<&str> = decided
        .iter()
        .map(|object| match object.stays {
            None => "goes",
            Some(Stays::Recent) => "recent",
            Some(Stays::Young) => "young",
            Some(Stays::Baseline) => "last",
            Some(Stays::MergeBase) => "base",
            Some(Stays::Named) => "named",
            Some(Stays::Needed) => "needed",
            Some(Stays::AtWork) => "works",
            Some(_) => "other",
        })
        .collect();
    assert_eq!(words.join(" "), expected, "{decided:?}");
}

fn keep() -> StoreKeep {
    StoreKeep::default()
}

#[test]
fn by_number() {
    let two = StoreKeep { runs: Some(2), ..keep() };
    check("", two.clone(), "");
    check("a:1 a:1 b:1 a:1", two.clone(), "goes recent recent recent");
    check("a:1 a:1- a:1-", two.clone(), "last recent recent");
    check("a:1@m a:1@x a:1@x a:1@x", two.clone(), "last goes recent recent");
    check("a:1< a:1 a:1 a:1", two.clone(), "needed goes recent recent");
    check("a:1#c a:1 a:1 a:1^c", two.clone(), "base goes recent recent");
    check("=1 a:1 a:1 a:1", two, "young goes recent recent");
}

#[test]
fn by_age() {
    let days = StoreKeep { days: Some(8), ..keep() };
    check("a:1 a:1 a:1 a:1", days.clone(), "goes goes goes young");
    check("=1 =1 a:1 =1", days.clone(), "goes goes last young");
    check("a:1? a:1 b:1?", days.clone(), "goes last last");
    check("a:1 =1 a:1 a:1", StoreKeep { runs: Some(2), ..days }, "goes goes recent recent");
}

#[test]
fn by_branch() {
    let branch = StoreKeep { runs: Some(0), days: Some(0), branch: Some("x".to_owned()), most: None };
    check("a:1@x a:1@y a:1@y a:1@x =1 a:1?", branch, "goes recent recent last young recent");
}

#[test]
fn by_size() {
    let most = |most| StoreKeep { most: Some(most), ..keep() };
    check("a:5 a:5 a:5", most(15), "recent recent recent");
    check("a:5 a:5 a:5", most(10), "goes recent recent");
    // Results go first; what is compared with stays, though there is no room for it.
    check("a:5 =5 a:5 =5", most(15), "recent goes recent young");
    check("a:5 =5 a:5 =5", most(6), "goes goes recent goes");
    check("a:5 a:5@x =5", most(0), "recent recent goes");
    check("a:5#c a:5 a:5^c", most(0), "recent goes recent");
    check("a:5? b:5? a:5?", most(0), "goes recent recent");
    check("a:5< a:5 a:5", most(0), "needed goes recent");
    check(
        "a:5 a:5 a:5 a:5 a:5 a:5 a:5 a:5 a:5 a:5 a:5",
        most(0),
        "goes goes goes goes goes goes goes goes goes recent recent",
    );
    check("a:5 a:5 a:5", StoreKeep { runs: Some(2), ..most(9) }, "goes goes recent");
}

#[test]
fn objects_of_other_names_are_not_ours() {
    let is_ours = |key: &str| {
        recognize(Listed { key: key.parse().unwrap(), bytes: 1, stored: Timestamp::from_milliseconds(0) }).is_some()
    };
    assert!(is_ours("runs/a/r1.tar.gz") && is_ours("results/ab/abc.tar.gz"));
    for other in ["runs/a/r1.json", "runs/r1.tar.gz", "runs/a/b/r1.tar.gz", "results/ab/cd.tar.gz", "leases/r/1"] {
        assert!(!is_ours(other), "{other}");
    }
}

#[test]
fn what_parts_have_put_there_goes_with_the_archive() {
    let listed = |key: &str| Listed { key: key.parse().unwrap(), bytes: 7, stored: Timestamp::from_milliseconds(0) };
    let keys = [
        "runs/a/r1.tar.gz",
        "runs/a/r1/run.json",
        "runs/a/r1/archives/1-2.1.tar.gz",
        "runs/a/r1/outputs/ab/abc",
        "runs/a/r1/notes.txt",
        "runs/a/r2/archives/1-1.1.tar.gz",
        "runs/a/r2/run.json",
        "runs/a/r2/outputs/ab/abc",
        "results/ab/abc.tar.gz",
    ];
    let objects = gather(keys.into_iter().map(listed).collect());
    let found: Vec<(&str, usize, u64)> =
        objects.iter().map(|object| (object.key.as_str(), object.parts.len(), object.bytes)).collect();
    // Not what somebody else has put there; of a run that was not gathered its facts go last.
    assert_eq!(found, [("runs/a/r1.tar.gz", 3, 28), ("results/ab/abc.tar.gz", 0, 7), ("runs/a/r2/run.json", 2, 21)]);
    assert_eq!(objects[2].kind, StoredKind::Published { suite: SuiteName::new("a"), run: RunId::new("r2") });
}

#[test]
fn what_was_not_gathered_goes_by_age() {
    let days = StoreKeep { days: Some(8), ..keep() };
    check("~a:1 ~a:1 a:1 ~a:1", days.clone(), "goes goes last young");
    // Nothing is compared with it, and it takes no place of what is.
    check("~a:1 a:1 ~a:1", StoreKeep { runs: Some(0), ..keep() }, "goes last goes");
    check("~a:1 a:1 ~a:1 ~a:1", StoreKeep { runs: Some(1), ..keep() }, "goes recent goes recent");
    check("~a:1< ~a:1", StoreKeep { runs: Some(0), ..keep() }, "needed goes");
    check("~a:1", StoreKeep { branch: Some("m".to_owned()), ..days }, "recent");
    let most = StoreKeep { most: Some(9), ..keep() };
    check("~a:5 a:5 ~a:5", most, "goes recent goes");
}

#[test]
fn what_machines_work_on_stays() {
    let none = StoreKeep { runs: Some(0), ..keep() };
    check("~a:1! a:1! a:1", none.clone(), "works works last");
    // The tenth day is today.
    let days = "=1 ".repeat(9);
    check(&format!("~a:1 {days}~a:1"), none, &format!("goes {}works", "young ".repeat(9)));
    let most = StoreKeep { most: Some(9), ..keep() };
    check("~a:5! a:5! a:5 a:5", most, "works works goes recent");
}

#[test]
fn the_last_beat_is_that_of_the_newest_lease() {
    let listed = |key: &str, day: i64| Listed {
        key: key.parse().unwrap(),
        bytes: 1,
        stored: Timestamp::from_milliseconds(day * DAY),
    };
    let objects = gather(vec![
        listed("runs/a/r1/leases/1-1/1", 2),
        listed("runs/a/r1/leases/1-1/2", 3),
        listed("runs/a/r1/outputs/ab/abc", 4),
        listed("runs/a/r1/run.json", 1),
    ]);
    let day = |day: i64| Timestamp::from_milliseconds(day * DAY);
    assert_eq!((objects[0].beat, objects[0].stored), (Some(day(3)), day(4)));
}
