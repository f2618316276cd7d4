//! The names of points, quickly: the field of every value is made once, and joined a million times.

use super::cases::Cases;
use crate::naming;
use crate::suite::{ParamIndex, Suite};

/// The fields of all values of a plan.
#[derive(Debug)]
pub(super) struct Names {
    /// By parameter and code, less 1: the field in names, none where it is left out.
    fields: Vec<Vec<Option<String>>>,
}

impl Names {
    pub(super) fn new(suite: &Suite, cases: &Cases) -> Names {
        let fields = |param| cases.values(param).iter().map(|value| suite.schema.field(param, value)).collect();
        Names { fields: (0..cases.params()).map(fields).collect() }
    }

    /// Returns the fields of a parameter's values, in code order.
    pub(super) fn fields(&self, param: ParamIndex) -> &[Option<String>] {
        &self.fields[param]
    }

    /// Writes the name of a case.
    pub(super) fn of_case(&self, cases: &Cases, case: usize, name: &mut String) {
        self.of_point(cases, case, 0..cases.params(), name);
    }

    /// Writes the name of the point that has some of the parameters of a case.
    pub(super) fn of_point(
        &self,
        cases: &Cases,
        case: usize,
        params: impl Iterator<Item = ParamIndex>,
        name: &mut String,
    ) {
        let fields = params.filter_map(|param| {
            let code = cases.code(case, param) as usize;
            self.fields[param].get(code.wrapping_sub(1)).map(Option::as_deref)
        });
        naming::join_fields(fields, name);
    }
}
