//! The models of a suite: the rows of a run -> coefficients, parameter files, what they predict.
//!
//! Below the run's folder, `models/NAME.csv` is the table that a model was fitted to, beside the parameter
//! files. A model that cannot be fitted says why in the record; the run is what it was.

mod drift;
mod form;
mod places;
mod predict;
mod promoting;
mod reported;
mod rows;
mod sample;

pub use promoting::promote_suite;
pub use reported::reported;

use self::form::{form, form_digest};
use self::places::Places;
use self::rows::model_rows;
use super::fitting::{FitRequest, FittedFile};
use super::fitting_files::write_out;
use super::run_folder::RunFolder;
use super::workspace::{LoadedFile, with_cases};
use super::{StepError, Workspace, recording};
use crate::fit::{self, Fit, FitError, FittedModel, Options, identical};
use crate::plan::{BuildOptions, Plan};
use crate::record::{FitWarning, LeftOutRows, MetricInfo, ModelRecord, RunRecord, model_metrics, model_stage};
use crate::suite::Model;
use crate::value::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where models are in the folder of a run.
pub const MODELS_FOLDER: &str = "models";
/// The parameter file of a model that names none.
const PARAMS_FILE: &str = "params.yaml";

/// A model of a suite that was fitted to a run.
pub struct SuiteFit {
    /// What the record holds of it.
    pub record: ModelRecord,
    /// Its fit, with the table; none if there is none.
    pub file: Option<FittedFile>,
    /// The parameter file of each group, relative to the folder of models; empty if it has none, which the record says.
    pub targets: Vec<String>,
}

/// Fits the models of a suite to a run, writes their tables and parameter files, and puts all into the record.
pub fn fit_into(plan: &Plan, record: &mut RunRecord, run_folder: &Path) -> Result<(), StepError> {
    if plan.suite.models.is_empty() {
        return Ok(());
    }
    let folder = run_folder.join(MODELS_FOLDER);
    // What an earlier fit of the run left may be of fewer rows.
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StepError::disk("remove", &folder)(error));
        }
        _ => {}
    }
    let mut fits = fit_suite(plan, record, &Options::default(), &folder);
    write_files(&mut fits, &folder);
    let models: Vec<ModelRecord> = fits.into_iter().map(|fit| fit.record).collect();
    record.run.metric_infos.extend(metric_infos(plan, &models));
    record.metrics.extend(model_metrics(&models));
    record.models = models;
    Ok(())
}

/// Fits the models of a suite to a run; their tables are put into the folder.
fn fit_suite(plan: &Plan, record: &RunRecord, options: &Options, folder: &Path) -> Vec<SuiteFit> {
    // A stage that was not selected has nothing to fit.
    let active = plan.suite.models.iter().filter(|model| plan.is_active(model.stage));
    let mut fits: Vec<SuiteFit> = active.filter_map(|model| fit_model(plan, record, model, options, folder)).collect();
    find_identical(&mut fits);
    fits
}

/// Fits the models of a suite as it is now to what a run on this machine measured. The record stays as it is; the
/// tables are put beside those of the run.
pub fn refit(
    workspace: &Workspace,
    folder: &RunFolder,
    suite: LoadedFile,
    fitting: &Options,
) -> Result<Vec<SuiteFit>, StepError> {
    let (planned, file, _) = folder.plan()?;
    // The cases are those of the run, which may have had another list of them.
    let listed = file.sources.iter().find(|source| suite.suite.cases_from.as_ref() == Some(&source.name));
    let suite = match listed {
        Some(source) => with_cases(&suite, &source.text, &source.name)?,
        None => suite,
    };
    let recorded = recording::make(workspace, folder, &planned)?;
    let options = BuildOptions { selection: file.selection, baseline: file.baseline };
    let plan = crate::plan::build(suite.suite, options)?;
    Ok(fit_suite(&plan, &recorded.record, fitting, &folder.path.join(MODELS_FOLDER).join("again")))
}

/// Fits a model; none where only rows of others were selected.
fn fit_model(plan: &Plan, record: &RunRecord, model: &Model, options: &Options, folder: &Path) -> Option<SuiteFit> {
    let stage = &plan.suite.stages[model.stage];
    let unit = stage.metrics.iter().find(|metric| metric.name.as_str() == model.target.text().trim());
    let mut record_of = ModelRecord {
        model: model.name.clone(),
        stage: stage.name.clone(),
        target: model.target.text().to_owned(),
        unit: unit.and_then(|metric| metric.unit.clone()),
        features: model.features.iter().map(|(name, expr)| (name.clone(), expr.text().to_owned())).collect(),
        form: Some(form_digest(&plan.suite, model)),
        weighting: model.weighting.word().to_owned(),
        rows: 0,
        used: 0,
        held_back: 0,
        left_out: Vec::new(),
        empty_sets: Vec::new(),
        empty_groups: Vec::new(),
        unusable_sets: Vec::new(),
        fits: Vec::new(),
        files: Vec::new(),
        problem: None,
    };
    let failed = |problem: String, record: ModelRecord| SuiteFit {
        record: ModelRecord { problem: Some(problem), ..record },
        file: None,
        targets: Vec::new(),
    };
    let rows = match model_rows(plan, record, model) {
        Ok(rows) => rows,
        Err(problem) => return Some(failed(problem, record_of)),
    };
    let is_part = plan.selection.is_filtered() || plan.selection.profile.is_some();
    if is_part && rows.rows.is_empty() && rows.left_out.is_empty() {
        return None;
    }
    record_of.rows = rows.rows.len() as u64;
    record_of.held_back = rows.rows.iter().filter(|row| row.held_back).count() as u64;
    record_of.left_out = rows.left_out.clone();
    let table = rows.table();
    let path = folder.join(format!("{}.csv", model.name));
    // What is wrong with a file of a model costs the model, and not the run.
    if let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &table)) {
        return Some(failed(format!("cannot write its table `{}.csv`: {error}", model.name), record_of));
    }
    if let Some(why) = rows.nothing_to_fit() {
        return Some(failed(why, record_of));
    }
    let form = form(&plan.suite, model);
    let mut fit = match fit::fit(&form, &table.as_slice(), options) {
        Ok(fit) => fit,
        Err(error) => return Some(failed(told(error), record_of)),
    };
    // Every row of the table is a point of its own: none is there twice.
    fit.gate.duplicates = None;
    record_of.used = fit.gate.used;
    let excluded = fit.gate.excluded.iter();
    record_of.left_out.extend(excluded.map(|found| LeftOutRows { reason: found.reason.clone(), rows: found.rows }));
    let places = Places::new(plan, model, &rows);
    let (empty_sets, unusable_sets) = places.sets_without_fit(&fit.gate.empty_sets);
    // Where only some cases were selected, sets may well have none.
    record_of.empty_sets = if is_part { Vec::new() } else { empty_sets };
    record_of.unusable_sets = unusable_sets;
    let names: Vec<(String, String)> = fit.models.iter().map(|found| places.name(found)).collect();
    // A model of which one group's file has no name has none at all: a part of it would look whole.
    let targets = match fit.models.iter().map(|found| places.target(found)).collect() {
        Ok(targets) => targets,
        Err(problem) => {
            record_of.problem = Some(problem);
            Vec::new()
        }
    };
    record_of.empty_groups = places.empty_groups(&fit);
    let drifts = vec![None; fit.models.len()];
    let file = FittedFile { path, held: None, fit, names, searches: Vec::new(), drifts };
    record_of.fits = places.records(&file);
    Some(SuiteFit { record: record_of, file: Some(file), targets })
}

/// Returns what an error of a fit says, with its hint.
fn told(error: FitError) -> String {
    let hint = error.hint();
    let message = match error {
        FitError::Model(problem) => return problem.to_string(),
        other => other.to_string(),
    };
    hint.map_or_else(|| message.clone(), |hint| format!("{message} ({hint})"))
}

/// Looks for operations with the same parameters over all models.
fn find_identical(fits: &mut [SuiteFit]) {
    let files = || fits.iter().filter_map(|fit| fit.file.as_ref());
    let names: Vec<String> = files().flat_map(|file| file.names.iter().map(|(op, _)| op.clone())).collect();
    let mut models: Vec<FittedModel> = files().flat_map(|file| file.fit.models.clone()).collect();
    identical(&mut models, &names);
    let mut models = models.into_iter();
    for fit in fits {
        let Some(file) = &mut fit.file else { continue };
        for (index, (model, found)) in file.fit.models.iter_mut().zip(models.by_ref()).enumerate() {
            *model = found;
            fit.record.fits[index].warnings = warnings(model);
        }
    }
}

fn warnings(model: &FittedModel) -> Vec<FitWarning> {
    let warning = |found: &fit::Finding| {
        let kind = serde_json::to_value(found.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
        FitWarning { kind: kind.unwrap_or_default(), message: found.message.clone() }
    };
    model.findings.iter().map(warning).collect()
}

/// Writes the parameter files, each with the groups of all models that name it. What keeps one from being written is
/// a problem of those models.
fn write_files(fits: &mut [SuiteFit], folder: &Path) {
    let mut files: BTreeMap<&str, Vec<FittedFile>> = BTreeMap::new();
    for fit in fits.iter() {
        let Some(file) = &fit.file else { continue };
        for target in fit.targets.iter().collect::<std::collections::BTreeSet<_>>() {
            let part = part_of(file, |index| fit.targets[index] == *target);
            files.entry(target).or_default().push(part);
        }
    }
    let mut outcome: Vec<(String, Result<(), String>)> = Vec::new();
    for (target, files) in &files {
        let path = folder.join(target);
        let parent = path.parent().unwrap_or(folder);
        let made = fs::create_dir_all(parent).map_err(StepError::disk("make", parent));
        // Parameters of a run may be for others than estimates.
        let written = made.and_then(|()| write_out(&path, &request_of_suite(), files)).map(|_| ());
        outcome.push(((*target).to_owned(), written.map_err(|error| unwritten(target, &error))));
    }
    for (target, written) in outcome {
        for fit in fits.iter_mut().filter(|fit| fit.targets.contains(&target)) {
            match &written {
                Ok(()) => fit.record.files.push(format!("{MODELS_FOLDER}/{target}")),
                Err(problem) => fit.record.problem = Some(problem.clone()),
            }
        }
    }
}

/// Says why a parameter file is not there.
fn unwritten(target: &str, error: &StepError) -> String {
    match error {
        StepError::Usage { message, hint: Some(hint) } => format!("`{target}`: {message} ({hint})"),
        StepError::Usage { message, hint: None } => format!("`{target}`: {message}"),
        StepError::Disk { source, .. } | StepError::Read { source, .. } => format!("cannot write `{target}`: {source}"),
        other => format!("`{target}`: {other}"),
    }
}

/// Returns some groups of a fit.
pub fn part_of(file: &FittedFile, wanted: impl Fn(usize) -> bool) -> FittedFile {
    let FittedFile { path, held, fit, names, searches: _, drifts: _ } = file;
    let kept = |index: &usize| wanted(*index);
    let models: Vec<FittedModel> = (0..fit.models.len()).filter(kept).map(|index| fit.models[index].clone()).collect();
    let drifts = vec![None; models.len()];
    let names = (0..names.len()).filter(kept).map(|index| names[index].clone()).collect();
    let (path, held, fit) = (path.clone(), held.clone(), Fit { models, ..fit.clone() });
    FittedFile { path, held, fit, names, searches: Vec::new(), drifts }
}

/// Returns what parameter files say of a request: the table holds the rows that were fitted, and no others.
pub fn request_of_suite() -> FitRequest {
    FitRequest::new("", Vec::new(), Options::default())
}

/// Returns the coefficients as the metrics that the run has, beside those that stages declare.
fn metric_infos(plan: &Plan, models: &[ModelRecord]) -> Vec<MetricInfo> {
    let mut infos: Vec<MetricInfo> = Vec::new();
    for row in model_metrics(models) {
        if infos.iter().any(|info| info.stage == row.stage && info.metric == row.metric) {
            continue;
        }
        let model = plan.suite.models.iter().find(|model| model_stage(&model.name) == row.stage);
        let form = serde_json::to_string(&model).unwrap_or_default();
        infos.push(MetricInfo {
            stage: row.stage,
            metric: row.metric,
            unit: None,
            better: None,
            min_effect: None,
            min_effect_rules: Vec::new(),
            stage_digest: Digest::of(form.as_bytes()),
        });
    }
    infos
}
