//! Fields (a code and a value) and how they are joined to a name.

use super::escape::{escape, push_hex};
use super::{Point, Schema};
use crate::value::{Digest, PointName, Scalar};

/// The name of the point that has parameters, all of them at their defaults.
pub(super) const BASE: &str = "base";
/// The name of the point without any parameter.
pub(super) const ALL: &str = "all";
/// Stands before the digest of a shortened name, and nowhere else.
pub(super) const CUT: &str = "==";

const LONGEST: usize = 150;
const KEPT: usize = 100;
const DIGEST_DIGITS: usize = 16;

/// Returns the text of a field.
pub(super) fn field_text(code: &str, value: &Scalar) -> String {
    let mut field = code.to_owned();
    escape(&value.to_string(), &mut field);
    if [BASE, ALL].iter().any(|taken| field.eq_ignore_ascii_case(taken))
        && let Some(last) = field.pop()
    {
        push_hex(last as u8, &mut field);
    }
    field
}

/// Writes the name of a point into `out`, which is emptied first: one item for each parameter that
/// the point assigns, in order, `None` for those at their defaults.
///
/// Whoever names many points keeps the fields of all values and joins them here.
pub fn join_fields<'a>(fields: impl IntoIterator<Item = Option<&'a str>>, out: &mut String) {
    out.clear();
    let mut assigned = false;
    for field in fields {
        assigned = true;
        if let Some(field) = field {
            if !out.is_empty() {
                out.push('_');
            }
            out.push_str(field);
        }
    }
    if out.is_empty() {
        out.push_str(if assigned { BASE } else { ALL });
    }
    if out.len() > LONGEST {
        let digest = Digest::of(out.as_bytes()).to_string();
        out.truncate(KEPT);
        out.push_str(CUT);
        out.push_str(&digest[..DIGEST_DIGITS]);
    }
}

impl Schema {
    /// Returns the field of a parameter's value, or `None` if that is its default.
    pub fn field(&self, param: usize, value: &Scalar) -> Option<String> {
        let param = &self.params()[param];
        if param.default.as_ref() == Some(value) { None } else { Some(field_text(&param.code, value)) }
    }

    /// Returns the name of a point: `all` if it assigns nothing, `base` if all that it assigns is
    /// at its default.
    pub fn name(&self, point: &Point) -> PointName {
        let fields: Vec<Option<String>> = point.present().map(|(param, value)| self.field(param, value)).collect();
        let mut name = String::new();
        join_fields(fields.iter().map(Option::as_deref), &mut name);
        PointName::new(name)
    }
}
