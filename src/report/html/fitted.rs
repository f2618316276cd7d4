//! The drawings of fits: measured against predicted, and errors along each feature, folded by fit.

use super::clipped;
use crate::report::Report;
use crate::report::fit::DrawnFit;
use crate::report::models_drawn::{ModelFit, drawn_fits};
use crate::report::svg::{Setting, escape};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Fits that are drawn; those with warnings come first.
const DRAWN: usize = 20;
/// Fits up to so many stand open.
const OPEN: usize = 3;

/// The fits of a report that the page draws.
pub(super) struct Drawings<'a> {
    /// By the model's place in the report.
    models: BTreeMap<usize, Vec<ModelFit<'a>>>,
    /// By the model's place: fits that are not drawn.
    left_out: BTreeMap<usize, usize>,
    open: bool,
}

impl<'a> Drawings<'a> {
    /// Chooses the fits.
    pub(super) fn of(report: &'a Report) -> Drawings<'a> {
        let mut all: Vec<ModelFit<'a>> = drawn_fits(report).collect();
        let open = all.len() <= OPEN;
        all.sort_by_key(|fit| (fit.fit.warnings.is_empty(), fit.number));
        let mut left_out: BTreeMap<usize, usize> = BTreeMap::new();
        all.split_off(all.len().min(DRAWN)).iter().for_each(|fit| *left_out.entry(fit.model).or_default() += 1);
        all.sort_by_key(|fit| fit.number);
        let mut models: BTreeMap<usize, Vec<ModelFit<'a>>> = BTreeMap::new();
        all.into_iter().for_each(|fit| models.entry(fit.model).or_default().push(fit));
        Drawings { models, left_out, open }
    }

    /// Writes the drawings of a model.
    pub(super) fn write(&self, model: usize, out: &mut dyn Write) -> io::Result<()> {
        for fit in self.models.get(&model).into_iter().flatten() {
            self.fit(fit, out)?;
        }
        match self.left_out.get(&model) {
            Some(left) => {
                let noun = if *left == 1 { "fit is" } else { "fits are" };
                writeln!(
                    out,
                    r#"<p class="soft">{left} more {noun} not drawn here; <code>shmoo report --plots</code> draws all</p>"#
                )
            }
            None => Ok(()),
        }
    }

    fn fit(&self, fit: &ModelFit<'_>, out: &mut dyn Write) -> io::Result<()> {
        let open = if self.open { " open" } else { "" };
        let name = clipped(&fit.name(), 200);
        let drawn = fit.drawn();
        let sentence = escape(&drawn.sentence()).into_owned();
        writeln!(out, r#"<details class="more"{open}><summary>{name}, drawn</summary><p class="soft">{sentence}</p>"#)?;
        figures(&drawn, fit.number, out)?;
        writeln!(out, "</details>")
    }
}

/// Writes the drawings of a fit; `number` is its own on the page.
pub(in crate::report) fn figures(drawn: &DrawnFit<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<div class="plots">"#)?;
    for (index, cloud) in drawn.clouds().iter().enumerate() {
        let caption = escape(&cloud.caption);
        writeln!(
            out,
            r#"<figure class="plot"><figcaption>{caption}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="{caption}">"#
        )?;
        // Ids are the page's: 100 drawings for each fit.
        cloud.draw(Setting::Page(number * 100 + index), out)?;
        writeln!(out, "</div></figure>")?;
    }
    writeln!(out, "</div>")
}
