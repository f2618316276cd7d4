//! A red mark in one sentence that a person can act on.

use super::figures::Figures;
use super::verdicts::show_percent;
use super::{Change, ComparisonVerdict, Effect};
use crate::ledger::{MeasuredValue, Verdict};
use crate::value::{PointName, show_numbers, with_unit};
use serde::{Deserialize, Serialize};

/// Characters of a text of the run in a sentence.
const TEXT: usize = 80;

/// What is said where the base is no run.
pub(super) const NO_RUN: &str = "what else changed is not known, since the base is no single run";

/// A metric that regressed, or a case that passed before and does not any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Red {
    /// `STAGE.METRIC`; none: it is a case.
    pub metric: Option<String>,
    /// The point, or the case.
    pub point: PointName,
    /// What became worse, by how much.
    pub what: String,
    /// What else changed of what this stage runs and takes, on its machine and in its code, the likeliest
    /// first; empty: nothing.
    pub causes: Vec<String>,
    /// The same in words: `also changed: ...; nothing else`.
    pub also: String,
    /// That the level changed before this run, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<String>,
}

impl Red {
    /// Returns all of it but what was before this run, as one sentence.
    pub fn sentence(&self) -> String {
        format!("{}; {}", self.what, self.also)
    }
}

/// Says what else changed; `commits_known` tells whether a changed commit would have been seen.
pub(super) fn also(causes: &[String], commits_known: bool) -> String {
    match (causes.is_empty(), commits_known) {
        (true, true) => "nothing else changed".to_owned(),
        (true, false) => "nothing else changed, but the commits are not known".to_owned(),
        (false, true) => format!("also changed: {}; nothing else", causes.join(", ")),
        (false, false) => format!("also changed: {}; the commits are not known", causes.join(", ")),
    }
}

/// Says which metric regressed, and by how much; none for any other change.
pub(super) fn regressed(change: &Change) -> Option<String> {
    if change.verdict != ComparisonVerdict::Regressed {
        return None;
    }
    Some(format!("`{}` at `{}` regressed {}", change.metric, change.point, by(change)))
}

fn by(change: &Change) -> String {
    let unit = change.unit.as_deref();
    if let Some(figures) = &change.figures
        && let Some(effect) = effect(change, figures)
    {
        return format!("by {effect}");
    }
    match (&change.base, &change.head) {
        (Some(MeasuredValue::Number(base)), Some(MeasuredValue::Number(head))) => {
            let (base, head) = show_numbers(*base, *head);
            let relative = change.relative.map(|relative| format!(" ({})", signed(relative))).unwrap_or_default();
            format!("from {} to {}{relative}", with_unit(&base, unit), with_unit(&head, unit))
        }
        (Some(MeasuredValue::Text(base)), Some(MeasuredValue::Text(head))) => {
            format!("from `{}` to `{}`", shorten(base), shorten(head))
        }
        _ => "to something else".to_owned(),
    }
}

/// Returns the effect with its interval where there is one: `+12% (95% +10% .. +14%)`.
fn effect(change: &Change, figures: &Figures) -> Option<String> {
    let unit = change.unit.as_deref();
    let linear =
        |effect: f64| with_unit(&format!("{}{}", sign(effect), show_numbers(effect.abs(), effect.abs()).0), unit);
    let (effect, show): (f64, &dyn Fn(f64) -> String) = match change.effect()? {
        Effect::Relative(effect) => (effect, &signed),
        Effect::Absolute(effect) => (effect, &linear),
    };
    match figures.interval {
        Some([low, high]) => Some(format!("{} (95% {} .. {})", show(effect), show(low), show(high))),
        None => Some(show(effect)),
    }
}

/// Says how a case ended that passed before, in which stage, and why.
pub(super) fn broken(case: &PointName, now: Verdict, stage: Option<&str>, message: Option<&str>) -> String {
    let now = match now {
        Verdict::Pass => "passes",
        Verdict::Skipped => "is skipped",
        Verdict::Fail => "fails",
        Verdict::Timeout => "runs into its time limit",
        Verdict::Lost => "is lost",
        Verdict::Error => "ends in error",
    };
    let stage = stage.map(|stage| format!(" in `{stage}`")).unwrap_or_default();
    let message = message.map(|message| format!(" ({})", shorten(message))).unwrap_or_default();
    format!("case `{case}` passed and now {now}{stage}{message}")
}

fn signed(relative: f64) -> String {
    format!("{}{}%", sign(relative), show_percent(relative.abs()))
}

fn sign(value: f64) -> &'static str {
    if value < 0.0 { "-" } else { "+" }
}

/// Returns the first line of a text of the run, or as much of it as a sentence has room for.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(TEXT) {
        Some((cut, _)) => format!("{}...", &line[..cut]),
        None => line.to_owned(),
    }
}
