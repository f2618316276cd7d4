//! Comparisons beside the first: shown in a line each, and never what decides.

use super::figure::thousands;
use super::headline::change_sign;
use super::selection::counts_of;
use crate::compare::{Comparison, ComparisonVerdict};

/// Returns what a comparison came to: `merge-base, RUN (2026-01-30): ✗ 3 regressed   = 40 unchanged`.
pub(crate) fn other_line(comparison: &Comparison) -> String {
    let rule = comparison.rule.as_ref().map_or_else(|| "named".to_owned(), ToString::to_string);
    let Some(base) = &comparison.base else { return format!("{rule}: nothing to compare with") };
    let counts: Vec<String> = counts_of(&comparison.changes)
        .into_iter()
        .map(|(verdict, number)| format!("{} {} {}", change_sign(verdict), thousands(number), verdict.word()))
        .collect();
    let counts = if counts.is_empty() { "no metric".to_owned() } else { counts.join("   ") };
    format!("{rule}, {} ({}): {counts}", base.run, base.started.date())
}

/// Returns how many metrics are worse.
pub(crate) fn regressed(comparison: &Comparison) -> usize {
    comparison.changes.iter().filter(|change| change.verdict == ComparisonVerdict::Regressed).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn lines() {
        let mut comparison = sample::red().comparison.unwrap();
        comparison.rule = Some("branch:main".parse().unwrap());
        let line = other_line(&comparison);
        assert!(line.starts_with("branch:main, 20260130-140000-temp-sense-77aa (2026-01-30): ✗ 1 regressed"), "{line}");
        assert_eq!(regressed(&comparison), 1);
        comparison.base = None;
        assert_eq!(other_line(&comparison), "branch:main: nothing to compare with");
    }
}
