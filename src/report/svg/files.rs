//! Every drawing of a report, with a name for a file.

use super::grid::draw_diff;
use super::{Guide, Setting, Timeline, scatters, svg, trends};
use crate::report::models_drawn::drawn_fits;
use crate::report::{Report, plot};
use std::io;

/// A drawing as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// A name of letters, digits, `.`, `_` and `-` that no other drawing of the report has:
    /// `shmoo-1-freq-1e6-netlist-pex.svg`.
    pub name: String,
    /// The text of the file.
    pub svg: Vec<u8>,
}

/// Characters of a title that go into a name.
const NAME: usize = 60;

/// Calls `write` with each drawing of a report, one after the other: shmoo plots and their diffs, base
/// against head for each metric, trends, fits of models, tasks on workers.
///
/// # Errors
/// The first that `write` returns.
pub fn drawings(report: &Report, write: &mut dyn FnMut(Drawing) -> io::Result<()>) -> io::Result<()> {
    for (number, grid) in report.plots.iter().enumerate() {
        let mut text = Vec::new();
        svg(grid, &mut text)?;
        write(Drawing { name: name("shmoo", number, &plot::title(grid)), svg: text })?;
    }
    for (number, diff) in report.plot_diffs.iter().enumerate() {
        let mut text = Vec::new();
        draw_diff(diff, Setting::File, &mut text)?;
        write(Drawing { name: name("shmoo-diff", number, &diff.title()), svg: text })?;
    }
    let scatters = report.comparison.as_ref().map(scatters).unwrap_or_default();
    for (number, scatter) in scatters.iter().enumerate() {
        let mut text = Vec::new();
        scatter.draw(Setting::File, &mut text)?;
        write(Drawing { name: name("scatter", number, scatter.metric()), svg: text })?;
    }
    let trends = report.comparison.as_ref().map(trends).unwrap_or_default();
    for (number, trend) in trends.iter().enumerate() {
        let mut text = Vec::new();
        trend.draw(Setting::File, &mut text)?;
        write(Drawing { name: name("trend", number, &trend.title()), svg: text })?;
    }
    draw_fits(report, write)?;
    if let Some(timeline) = Timeline::of(report) {
        let mut text = Vec::new();
        timeline.draw(Setting::File, &mut text)?;
        write(Drawing { name: "timeline.svg".to_owned(), svg: text })?;
    }
    Ok(())
}

/// Draws measured against predicted values of each fit, under its number, and errors along its features.
fn draw_fits(report: &Report, write: &mut dyn FnMut(Drawing) -> io::Result<()>) -> io::Result<()> {
    let mut residuals = 0;
    for fit in drawn_fits(report) {
        for cloud in fit.drawn().clouds() {
            let mut text = Vec::new();
            cloud.draw(Setting::File, &mut text)?;
            let number = match cloud.guide {
                Guide::Diagonal => fit.number,
                Guide::Zero => {
                    residuals += 1;
                    residuals - 1
                }
            };
            write(Drawing { name: name(cloud.kind, number, &cloud.caption), svg: text })?;
        }
    }
    Ok(())
}

/// Returns a name that means nothing to a file system or a shell; the number makes it unique.
pub(crate) fn name(kind: &str, number: usize, title: &str) -> String {
    let mut name = format!("{kind}-{}", number + 1);
    let mut gap = true;
    for c in title.chars().take(200) {
        if name.len() >= NAME + kind.len() {
            break;
        }
        let plain = c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        if plain {
            name.extend(gap.then_some('-'));
            name.push(c);
        }
        gap = !plain;
    }
    name.push_str(".svg");
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn names(report: &Report) -> Vec<String> {
        let mut names = Vec::new();
        let keep = &mut |drawing: Drawing| {
            assert!(drawing.svg.starts_with(b"<?xml") && drawing.svg.ends_with(b"</svg>\n"), "{}", drawing.name);
            names.push(drawing.name);
            Ok(())
        };
        drawings(report, keep).unwrap();
        names
    }

    #[test]
    fn every_drawing_has_a_name() {
        assert_eq!(
            names(&sample::red()),
            [
                "shmoo-1-freq-1e6-netlist-sch.svg",
                "shmoo-2-freq-1e6-netlist-pex.svg",
                "shmoo-diff-1-freq-1e6-netlist-sch.svg",
                "shmoo-diff-2-freq-1e6-netlist-pex.svg",
                "scatter-1-run_simulations.freq.svg",
                "scatter-2-run_simulations.power.svg",
                "trend-1-run_simulations.freq-at-inv7_v1.8_nsch.svg",
                "trend-2-run_simulations.power-at-inv7_v1.8_nsch.svg",
                "fit-scatter-1-pex-measured-against-predicted.svg",
                "fit-residuals-1-pex-errors-along-fixed.svg",
                "fit-residuals-2-pex-errors-along-stage_delay.svg",
                "timeline.svg",
            ]
        );
    }

    #[test]
    fn names_are_safe() {
        for text in sample::HOSTILE.into_iter().chain(["../../etc/passwd", "", "..", &"x".repeat(10_000)]) {
            let names = names(&sample::hostile(text));
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            for (number, name) in names.iter().enumerate() {
                assert!(name.chars().all(plain) && name.len() < 100 && !name.starts_with('.'), "{name}");
                assert!(!names[..number].contains(name), "{name}");
            }
        }
    }
}
