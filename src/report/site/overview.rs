//! The first page: every suite with its last run.

use super::{Site, SiteSuite, clipped, close, commit, date, file_name, open, outcome, passed};
use crate::report::figure::{count, thousands};
use std::io::{self, Write};

pub(super) fn write(site: &Site, out: &mut dyn Write) -> io::Result<()> {
    open("Runs of all suites", None, out)?;
    if site.suites.is_empty() {
        writeln!(out, "<p>no run is recorded yet</p>")?;
        return close(site, out);
    }
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="suites"><table id="suites"><caption class="hidden">suites and their last runs</caption><thead><tr><th scope="col">suite</th><th scope="col">last run (UTC)</th><th scope="col">outcome</th><th scope="col" class="n">cases passed</th><th scope="col">commit</th><th scope="col" class="n">runs</th><th scope="col">changes of level</th></tr></thead><tbody>"#
    )?;
    for suite in &site.suites {
        row(suite, out)?;
    }
    writeln!(out, "</tbody></table></div>")?;
    close(site, out)
}

fn row(suite: &SiteSuite, out: &mut dyn Write) -> io::Result<()> {
    let name = clipped(suite.name.as_str(), 120);
    write!(out, r#"<tr><th scope="row"><a href="{}/index.html">{name}</a></th>"#, file_name(suite.name.as_str()))?;
    match suite.runs.first() {
        None => write!(out, "<td></td><td></td><td></td><td></td>")?,
        Some(last) => {
            let run = &last.summary;
            write!(out, "<td>{}</td><td>{}</td>", date(last, ""), outcome(run))?;
            write!(out, r#"<td class="n">{}</td><td>{}</td>"#, passed(run), commit(run))?;
        }
    }
    writeln!(out, r#"<td class="n">{}</td><td>{}</td></tr>"#, thousands(suite.runs.len() as u64), moved(suite))
}

/// Returns how many metrics changed their level in the runs that are followed.
fn moved(suite: &SiteSuite) -> String {
    let Some(comparison) = &suite.comparison else { return String::new() };
    let moved = comparison.trends.iter().filter(|trend| !trend.changes.is_empty()).count();
    if comparison.trends.is_empty() {
        return String::new();
    }
    match moved {
        0 => "none".to_owned(),
        moved => format!("{} of {}", count(moved as u64, "metric"), thousands(comparison.trends.len() as u64)),
    }
}
