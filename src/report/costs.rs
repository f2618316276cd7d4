//! What a run cost, in words.

use super::Report;
use super::inert::short;
use crate::value::{show_duration, show_price};

/// Says what a run cost, in one line; none if the project has no prices, or nothing was carried out.
pub(super) fn cost_line(report: &Report) -> Option<String> {
    let costs = report.costs.as_ref().filter(|costs| !costs.run.currency.is_empty())?;
    let total = &costs.run.total;
    if total.core_seconds == 0.0 {
        return None;
    }
    let mut parts = Vec::new();
    parts.extend(total.price.map(|price| show_price(price, &costs.run.currency)));
    parts.push(format!("{} of processors", show_duration(total.core_seconds)));
    parts.push(format!("{} GiB-hours of memory", hours(total.gibibyte_seconds)));
    if !costs.run.unpriced.is_empty() {
        let labels: Vec<String> = costs.run.unpriced.iter().map(|label| short(label, 60)).collect();
        parts.push(format!("no price for machines labelled {}", labels.join(", ")));
    }
    Some(format!("cost {}", parts.join(", ")))
}

fn hours(seconds: f64) -> String {
    let hours = seconds / 3600.0;
    if hours >= 0.1 { format!("{hours:.1}") } else { format!("{hours:.4}") }
}
