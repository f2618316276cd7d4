//! Columns in half the memory where that loses nothing: most sizes are whole numbers of few digits.

use std::borrow::Cow;
use std::ops::Range;

/// Numbers of a column.
#[derive(Debug)]
pub(super) enum Column {
    /// All of them are the same in single precision.
    Narrow(Vec<f32>),
    Wide(Vec<f64>),
}

/// Where a row is among some parts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) part: u32,
    pub(super) row: u32,
}

impl Column {
    pub(super) fn of(values: &[f64]) -> Column {
        // Without a branch for each.
        let is_narrow = |value: f64| f64::from(value as f32) == value;
        if values.iter().fold(true, |narrow, value| narrow & is_narrow(*value)) {
            Column::Narrow(values.iter().map(|value| *value as f32).collect())
        } else {
            Column::Wide(values.to_vec())
        }
    }

    /// Returns the numbers of rows out of the parts of a column.
    pub(super) fn select(parts: &[&Column], order: &[Place]) -> Column {
        let narrow: Option<Vec<&[f32]>> = parts.iter().map(|part| part.as_narrow()).collect();
        match narrow {
            Some(parts) => Column::Narrow(order.iter().map(|at| parts[at.part as usize][at.row as usize]).collect()),
            None => {
                let parts: Vec<Cow<'_, [f64]>> = parts.iter().map(|part| part.wide()).collect();
                let parts: Vec<&[f64]> = parts.iter().map(Cow::as_ref).collect();
                Column::Wide(order.iter().map(|at| parts[at.part as usize][at.row as usize]).collect())
            }
        }
    }

    /// Adds the numbers of some rows.
    pub(super) fn add_to(&self, rows: Range<usize>, into: &mut Vec<f64>) {
        match self {
            Column::Narrow(values) => into.extend(values[rows].iter().map(|value| f64::from(*value))),
            Column::Wide(values) => into.extend_from_slice(&values[rows]),
        }
    }

    fn as_narrow(&self) -> Option<&[f32]> {
        match self {
            Column::Narrow(values) => Some(values),
            Column::Wide(_) => None,
        }
    }

    fn wide(&self) -> Cow<'_, [f64]> {
        match self {
            Column::Narrow(values) => values.iter().map(|value| f64::from(*value)).collect(),
            Column::Wide(values) => Cow::Borrowed(values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let whole = [1.0, -0.0, 16_777_216.0, 0.5, -3.0, f64::from(f32::MAX)];
        let others = [[0.1, 2.0], [16_777_217.0, 1.0], [1e300, 1.0], [1e-300, 1.0]];
        assert!(matches!(Column::of(&whole), Column::Narrow(_)));
        assert!(matches!(Column::of(&[]), Column::Narrow(_)));
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        let order: Vec<Place> = (0..2).flat_map(|row| (0..2).map(move |part| Place { part, row })).collect();
        for other in others {
            assert!(matches!(Column::of(&other), Column::Wide(_)), "{other:?}");
            for (one, other) in [(&whole[..2], &other[..]), (&other[..], &whole[..2]), (&whole[..2], &whole[2..4])] {
                let found = Column::select(&[&Column::of(one), &Column::of(other)], &order);
                let mut values = vec![7.0];
                found.add_to(0..4, &mut values);
                found.add_to(1..2, &mut values);
                assert_eq!(bits(&values), bits(&[7.0, one[0], other[0], one[1], other[1], other[0]]));
            }
        }
    }
}
