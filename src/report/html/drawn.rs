//! What is drawn of the run itself: shmoo plots with what moved in them, and tasks on workers.

use super::clipped;
use super::failures::more;
use crate::report::figure::thousands;
use crate::report::svg::{Setting, Timeline, diff_legend, escape, inline_diff, inline_legend, inline_svg};
use crate::report::{Report, ShmooDiff, plot};
use std::io::{self, Write};

/// Plots that are shown.
const PLOTS: usize = 60;

/// Writes the shmoo plots, each with what moved beside it.
pub(super) fn plots(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    inline_legend(out)?;
    let moved = report.plot_diffs.iter().any(|diff| diff.moved() != (0, 0));
    if moved {
        writeln!(out, r#"<p class="label">what moved against the base</p>"#)?;
        diff_legend(out)?;
    }
    writeln!(out, r#"<div class="plots">"#)?;
    for (number, grid) in report.plots.iter().take(PLOTS).enumerate() {
        let title = plot::title(grid);
        let caption = escape(&title);
        writeln!(
            out,
            r#"<div class="plots"><figure class="plot"><figcaption>{caption}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="shmoo plot {}">"#,
            number + 1
        )?;
        inline_svg(grid, number, out)?;
        writeln!(out, "</div></figure>")?;
        if let Some(diff) = report.plot_diffs.get(number) {
            write_diff(diff, number, out)?;
        }
        writeln!(out, "</div>")?;
    }
    writeln!(out, "</div>")?;
    more(report.plots.len().saturating_sub(PLOTS), "plot", out)
}

fn write_diff(diff: &ShmooDiff, number: usize, out: &mut dyn Write) -> io::Result<()> {
    let (broke, mended) = diff.moved();
    if (broke, mended) == (0, 0) {
        return writeln!(out, r#"<p class="soft still">{}</p>"#, clipped(&diff.sentence(), 300));
    }
    writeln!(
        out,
        r#"<figure class="plot moved"><figcaption>moved: <span class="v regressed"><span class="sign" aria-hidden="true">▼</span>{} broke</span> <span class="v improved"><span class="sign" aria-hidden="true">▲</span>{} mended</span></figcaption><div class="scroll" tabindex="0" role="region" aria-label="shmoo diff {}">"#,
        thousands(broke),
        thousands(mended),
        number + 1
    )?;
    inline_diff(diff, number, out)?;
    writeln!(out, "</div></figure>")
}

/// Writes which worker did what when.
pub(super) fn timeline(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(timeline) = Timeline::of(report) else { return Ok(()) };
    writeln!(out, r#"<p class="soft">{}; what did not pass is taller</p>"#, escape(&timeline.sentence()))?;
    writeln!(
        out,
        r#"<figure class="plot"><div class="scroll" tabindex="0" role="region" aria-label="tasks on workers">"#
    )?;
    timeline.draw(Setting::Page(0), out)?;
    writeln!(out, "</div></figure>")?;
    more(timeline.left_out(), "worker", out)
}
