//! A descriptor and the parameters of its device -> cycles.

use super::descriptor::Descriptor;
use super::library::{Category, FIDELITIES, FORMATS, OPERATIONS};
use super::prepared::Prepared;
use super::sparse::has_second;
use crate::fit::params::Params;
use crate::value::did_you_mean;

/// The operation whose parameters stand for those of one that has none.
const STAND_IN: &str = "nop";

/// A device and the versions of its parameters, the first first.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// The name.
    pub name: String,
    /// Its parameters.
    pub versions: Vec<Params>,
}

/// Which formula sparse products get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// The second where the device has it.
    Best,
    /// The first.
    First,
}

/// Why there is no estimate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EstimateError {
    /// A name is none of those known.
    #[error("`{found}` is no {what}")]
    Unknown {
        /// What it should name.
        what: &'static str,
        /// What stands there.
        found: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A dimension is 0.
    #[error("`{0}` is 0")]
    Zero(&'static str),
    /// There is no such version of the parameters.
    #[error("there is no version {version} of the parameters of {architecture}, which has {versions}")]
    Version {
        /// The version.
        version: u32,
        /// The device.
        architecture: String,
        /// How many versions it has.
        versions: usize,
    },
    /// The device does not have the format.
    #[error("{architecture} does not have the format {format}")]
    Format {
        /// The device.
        architecture: String,
        /// The format.
        format: String,
    },
    /// There are no parameters of the operation, nor of the one that stands in.
    #[error("there are no parameters of `{0}`")]
    NoParams(String),
    /// No attribute set holds.
    #[error("no set of parameters of `{0}` holds")]
    NoSet(String),
    /// A parameter is not there.
    #[error("the set `{set}` has no parameter `{param}`")]
    NoParam {
        /// The set, as `op/set`.
        set: String,
        /// The parameter.
        param: String,
    },
    /// A product of dimensions is beyond 2^32, and what is left of it gives 0.
    #[error("the estimate is 0: a product of dimensions is beyond 2^32 and wraps, as in the compiled model")]
    Wrapped,
    /// The estimate is 0, which no operation takes.
    #[error("the estimate is 0: the parameters say nothing of this operation")]
    Nothing,
}

/// Estimates descriptors of some devices.
#[derive(Debug, Clone)]
pub struct Estimator {
    architectures: Vec<Architecture>,
}

impl Estimator {
    /// Takes the parameters of some devices.
    pub fn new(architectures: Vec<Architecture>) -> Estimator {
        Estimator { architectures }
    }

    /// Returns the names of the devices.
    pub fn devices(&self) -> impl Iterator<Item = &str> {
        self.architectures.iter().map(|architecture| architecture.name.as_str())
    }

    /// Returns the parameters of a device.
    pub fn architecture(&self, name: &str) -> Result<&Architecture, EstimateError> {
        let found = self.architectures.iter().find(|architecture| architecture.name == name);
        found.ok_or_else(|| unknown("device with parameters", name, self.devices().collect()))
    }

    /// Returns the operation whose parameters a descriptor gets, and whether they are another's.
    pub fn operation<'d>(&self, of: &Descriptor<'d>) -> Result<(&'d str, bool), EstimateError> {
        let own = own_name(of);
        Ok(if self.params(of)?.has(own) { (own, false) } else { (STAND_IN, true) })
    }

    fn params(&self, of: &Descriptor<'_>) -> Result<&Params, EstimateError> {
        let architecture = self.architecture(of.architecture)?;
        let version = (of.version as usize).checked_sub(1).and_then(|index| architecture.versions.get(index));
        version.ok_or_else(|| EstimateError::Version {
            version: of.version,
            architecture: architecture.name.clone(),
            versions: architecture.versions.len(),
        })
    }

    /// Returns the cycles that an operation takes.
    ///
    /// # Errors
    /// Names that are not known, dimensions of 0, parameters that are not there.
    pub fn estimate(&self, of: &Descriptor<'_>, formula: Formula) -> Result<u32, EstimateError> {
        let category = category(of.op)?;
        attributes(of)?;
        check_dimensions(of, category, formula)?;
        self.prepare(of)?.cycles(of, formula)
    }

    /// Finds what descriptors with the same texts share.
    pub(super) fn prepare(&self, of: &Descriptor<'_>) -> Result<Prepared<'_>, EstimateError> {
        let category = category(of.op)?;
        let (phases, width) = attributes(of)?;
        let params = self.params(of)?;
        check_format(of)?;
        let own = own_name(of);
        let name = if params.has(own) || !params.has(STAND_IN) { own } else { STAND_IN };
        if !params.has(name) {
            return Err(EstimateError::NoParams(name.to_owned()));
        }
        let set = params.find(name, of).ok_or_else(|| EstimateError::NoSet(name.to_owned()))?;
        Prepared::new(of, category, set, [name, own], [phases, width])
    }
}

/// Returns the name that parameters of a descriptor have.
fn own_name<'d>(of: &Descriptor<'d>) -> &'d str {
    match of.op {
        "matmul" if of.sparse_indices > 0 => "matmul_sparse",
        "reduce" if of.attribute == "z" => "reduce_z",
        op => op,
    }
}

fn category(op: &str) -> Result<Category, EstimateError> {
    let found = OPERATIONS.iter().find(|(known, _)| *known == op);
    found.map(|(_, category)| *category).ok_or_else(|| unknown("operation", op, OPERATIONS.map(|(op, _)| op).to_vec()))
}

/// Returns the phases of the fidelity and the factor of the format's width.
fn attributes(of: &Descriptor<'_>) -> Result<(u32, u32), EstimateError> {
    let phases = FIDELITIES.iter().find(|(known, _)| *known == of.math_fidelity);
    let phases =
        phases.ok_or_else(|| unknown("fidelity", of.math_fidelity, FIDELITIES.map(|(name, _)| name).to_vec()))?;
    let width = FORMATS.iter().find(|(known, _)| *known == of.data_format);
    let width = width.ok_or_else(|| unknown("format", of.data_format, FORMATS.map(|(name, _)| name).to_vec()))?;
    if !["rc", "r", "c"].contains(&of.vector_mode) {
        return Err(unknown("vector mode", of.vector_mode, vec!["rc", "r", "c"]));
    }
    if !["", "r", "c", "z"].contains(&of.attribute) {
        return Err(unknown("dimension", of.attribute, vec!["r", "c", "z"]));
    }
    Ok((phases.1, width.1))
}

/// Refuses dimensions of 0 that the form needs.
pub(super) fn check_dimensions(of: &Descriptor<'_>, category: Category, formula: Formula) -> Result<(), EstimateError> {
    let sparse = category == Category::Matmul && of.sparse_indices > 0;
    let inner = matches!(category, Category::Matmul | Category::Depthwise);
    let second = sparse && formula == Formula::Best && has_second(of);
    let blocks = of.t != 0 && of.mblock_m != 0 && of.mblock_n != 0 && of.ublock_rt != 0 && of.ublock_ct != 0;
    if blocks && !second && (!inner || (of.mblock_k != 0 && of.ublock_kt != 0)) {
        return Ok(());
    }
    let needed = [
        (true, "t", of.t),
        (true, "mblock_m", of.mblock_m),
        (true, "mblock_n", of.mblock_n),
        (true, "ublock_rt", of.ublock_rt),
        (true, "ublock_ct", of.ublock_ct),
        (inner, "mblock_k", of.mblock_k),
        (inner && (!sparse || second), "ublock_kt", of.ublock_kt),
        (second, "sparse_nz_ublocks", of.sparse_nz_ublocks.unwrap_or(0)),
        (second, "sparse_nz_strips", of.sparse_nz_strips.unwrap_or(0)),
    ];
    match needed.iter().find(|(needed, _, value)| *needed && *value == 0) {
        Some((_, name, _)) => Err(EstimateError::Zero(name)),
        None => Ok(()),
    }
}

fn check_format(of: &Descriptor<'_>) -> Result<(), EstimateError> {
    if matches!(of.data_format, "Int8" | "Int32") && of.architecture != "wormhole_b0" {
        let (architecture, format) = (of.architecture.to_owned(), of.data_format.to_owned());
        return Err(EstimateError::Format { architecture, format });
    }
    Ok(())
}

fn unknown(what: &'static str, found: &str, known: Vec<&str>) -> EstimateError {
    EstimateError::Unknown { what, found: found.to_owned(), hint: did_you_mean(found, known) }
}
