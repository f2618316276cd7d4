//! Plain tables of text, as all commands print them.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style};

/// Returns a table with two spaces before each column; the columns of `right` are aligned to the right.
/// The first row is the header.
pub(super) fn table(rows: Vec<Vec<String>>, right: &[usize]) -> String {
    let mut table = Builder::from_iter(rows).build();
    table.with(Style::empty()).with(Padding::new(2, 0, 0, 0));
    for &column in right {
        table.modify(Columns::one(column), Alignment::right());
    }
    let mut text = String::new();
    for line in table.to_string().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns the cells of a row.
pub(super) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}
