//! What `shmoo estimate` says of how far its estimates can be trusted.

use super::Session;
use super::estimate_arguments::EstimateArgs;
use crate::report::count;
use crate::steps::estimating::Estimated;
use std::collections::BTreeSet;

/// Sentences on parameters that are taken for something else, at most.
const SENTENCES: usize = 10;

/// Says how far estimates can be trusted; of sets of which nobody knows only if that was asked for.
pub(super) fn say_trust(session: &Session, arguments: &EstimateArgs, rows: &Estimated) {
    let printer = &session.printer;
    let names = |sets: &BTreeSet<String>| -> String {
        let shown: Vec<String> = sets.iter().take(6).map(|set| format!("`{set}`")).collect();
        let more = if sets.len() > 6 { format!(" and {} more", sets.len() - 6) } else { String::new() };
        format!("{}{more}", shown.join(", "))
    };
    if !rows.unknown.is_empty() && (arguments.intervals || arguments.strict) {
        let sets = names(&rows.unknown);
        printer.warning(&format!("no interval for {sets}: no file beside the parameters says what they rest on"));
    }
    if !rows.stale.is_empty() {
        let sets = names(&rows.stale);
        printer.warning(&format!(
            "no interval for {sets}: the file beside the parameters is about other values, or another form"
        ));
    }
    for sentence in rows.unlike.iter().take(SENTENCES) {
        printer.warning(&format!("{sentence}: nothing tells how far off such estimates are"));
    }
    if rows.unlike.len() > SENTENCES {
        let more = count((rows.unlike.len() - SENTENCES) as u64, "attribute set");
        printer.warning(&format!("the same is true of {more} more"));
    }
    if rows.wrapped_rows > 0 {
        let rows = count(rows.wrapped_rows, "estimate");
        printer.warning(&format!(
            "{rows} of products of dimensions beyond 2^32, which wrap as in the compiled model: they say nothing"
        ));
    }
    for (line, what) in rows.outside.iter().take(5) {
        printer.warning(&format!("line {line}: {what}"));
    }
    if rows.outside_rows > 0 {
        let rows = count(rows.outside_rows, "estimate");
        printer.warning(&format!("{rows} outside of the range of the fit: nobody measured there"));
    }
}
