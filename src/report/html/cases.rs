//! The table of cases: the frame that the page's script fills.

use super::{text, verdict_mark};
use crate::ledger::Verdict;
use crate::report::Report;
use crate::report::figure::thousands;
use std::io::{self, Write};

/// Writes the filter, the empty table, and what stands there without JavaScript.
pub(super) fn cases(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<noscript><p>The table of cases needs JavaScript. These did not pass:</p><ul class="plain">"#)?;
    let bad = report.cases.iter().filter(|case| case.verdict != Verdict::Pass);
    for case in bad.take(1000) {
        writeln!(out, "<li>{} {}</li>", verdict_mark(case.verdict), text(case.name.as_str()))?;
    }
    writeln!(out, "</ul></noscript>")?;
    writeln!(
        out,
        r#"<form class="filter scripted" role="search" id="filter"><label for="search">filter</label><input type="search" id="search" autocomplete="off" spellcheck="false" placeholder="words of the name, vdd&lt;1, freq&gt;1e9" aria-describedby="filter-help">"#
    )?;
    writeln!(out, r#"<div class="chips" role="group" aria-label="verdicts">"#)?;
    for verdict in Verdict::ALL.into_iter().rev() {
        if let Some(number) = report.totals.cases.get(&verdict) {
            writeln!(
                out,
                r#"<button type="button" class="chip" data-verdict="{verdict}" aria-pressed="false">{} {}</button>"#,
                verdict_mark(verdict),
                thousands(*number)
            )?;
        }
    }
    writeln!(out, r#"</div><p id="shown" role="status" aria-live="polite"></p>"#)?;
    writeln!(
        out,
        r#"<p id="filter-help" class="soft">All words must match the name, verdict, message or a value such as <code>netlist=pex</code>; parameters and metrics compare with <code>= != &lt; &lt;= &gt; &gt;=</code>.</p></form>"#
    )?;
    writeln!(
        out,
        r#"<div class="scroll tall scripted" tabindex="0" role="region" aria-label="cases"><table id="case-table" class="sorted"><caption class="hidden">cases; the buttons in the head sort</caption><thead></thead><tbody></tbody></table><div class="end"></div></div>"#
    )
}
