//! What people write.
mod compose;
mod decode;
mod node;
mod schema;
mod stage_file;
mod suite_file;
mod values_file;
pub(super) fn parser_names() -> Vec<&'static str> { vec![] }
