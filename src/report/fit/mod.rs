//! What a fit came to, for people: coefficients, diagnostics, findings, rows far off, drawings.
//!
//! In: fits as `fit` makes them, with names. Out: a page, markdown, drawings as files. Names come out of
//! tables of measurements, so that they are made harmless and escaped like all text of a run.

mod clouds;
mod drawn;
mod html;
mod markdown;
mod words;

pub(super) use clouds::{DrawnFit, DrawnRow, SCATTER, scatter_caption};
pub use drawn::fit_drawings;
pub use html::fit_html;
pub use markdown::fit_markdown;
pub(crate) use words::{
    drift_sentence, empty_group_sentences, empty_set_sentence, form_text, nothing_found, search_sentences,
};

use crate::fit::{Drift, Fit, FittedModel, Search};

/// Fits of some tables.
#[derive(Debug, Clone, Copy)]
pub struct FitReport<'a> {
    /// The version of shmoo.
    pub shmoo: &'a str,
    /// What the fits were held against, if they were.
    pub against: Option<&'a str>,
    /// The tables.
    pub tables: &'a [FitTable<'a>],
}

/// A table and its fit.
#[derive(Debug, Clone)]
pub struct FitTable<'a> {
    /// The file's name.
    pub file: String,
    /// What it came to.
    pub fit: &'a Fit,
    /// The operation and the attribute set of each model.
    pub names: &'a [(String, String)],
    /// How each model differs from earlier parameters; none: there were none.
    pub drifts: &'a [Option<Drift>],
    /// Better forms of the models; none: they were not looked for.
    pub searches: &'a [Search],
}

/// A model with what belongs to it.
#[derive(Clone, Copy)]
struct Part<'a> {
    model: &'a FittedModel,
    op: &'a str,
    set: &'a str,
    drift: Option<&'a Drift>,
    search: Option<&'a Search>,
}

impl<'a> FitReport<'a> {
    fn parts(&self) -> impl Iterator<Item = Part<'a>> {
        self.tables.iter().flat_map(|table| {
            table.fit.models.iter().zip(table.names).enumerate().map(move |(index, (model, (op, set)))| Part {
                model,
                op,
                set,
                drift: table.drifts.get(index).and_then(Option::as_ref),
                search: table.searches.iter().find(|search| search.by == model.by && search.set == model.set),
            })
        })
    }
}

impl Part<'_> {
    /// Returns what it is called: operation, attribute set, and the values of its group.
    fn name(&self) -> String {
        let by = self.model.by.iter().filter(|value| *value != self.op).map(|value| format!(" {value}"));
        format!("{} {}{}", self.op, self.set, by.collect::<String>())
    }
}

#[cfg(test)]
mod tests;
