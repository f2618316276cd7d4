//! Columns in less memory where that loses nothing: most sizes are whole numbers of few digits.

use std::borrow::Cow;
use std::ops::Range;

/// Numbers of a column.
#[derive(Debug)]
pub(super) enum Column {
    /// All of them are whole and below 65536.
    Short(Vec<u16>),
    /// All of them are the same in single precision.
    Narrow(Vec<f32>),
    Wide(Vec<f64>),
}

impl Column {
    pub(super) fn of(values: &[f64]) -> Column {
        if stay(values, |value| f64::from(value as u16)) {
            Column::Short(values.iter().map(|value| *value as u16).collect())
        } else if stay(values, |value| f64::from(value as f32)) {
            Column::Narrow(values.iter().map(|value| *value as f32).collect())
        } else {
            Column::Wide(values.to_vec())
        }
    }

    /// Puts the numbers of the parts of a column in their places, of which there are as many.
    pub(super) fn placed(parts: &[&Column], places: &[u32]) -> Column {
        let short: Option<Vec<&[u16]>> = parts.iter().map(|part| part.as_short()).collect();
        if let Some(parts) = short {
            return Column::Short(placed(parts, places));
        }
        let narrow: Option<Vec<&[f32]>> = parts.iter().map(|part| part.as_narrow()).collect();
        if let Some(parts) = narrow {
            return Column::Narrow(placed(parts, places));
        }
        let wide: Vec<Cow<'_, [f64]>> = parts.iter().map(|part| part.wide()).collect();
        Column::Wide(placed(wide.iter().map(Cow::as_ref), places))
    }

    /// Puts the numbers of some rows in their places.
    pub(super) fn put(&self, rows: Range<usize>, places: &[u32], into: &mut [f64]) {
        match self {
            Column::Short(values) => put(&values[rows], places, into),
            Column::Narrow(values) => put(&values[rows], places, into),
            Column::Wide(values) => put(&values[rows], places, into),
        }
    }

    fn as_short(&self) -> Option<&[u16]> {
        if let Column::Short(values) = self { Some(values) } else { None }
    }

    fn as_narrow(&self) -> Option<&[f32]> {
        if let Column::Narrow(values) = self { Some(values) } else { None }
    }

    fn wide(&self) -> Cow<'_, [f64]> {
        match self {
            Column::Short(values) => values.iter().map(|value| f64::from(*value)).collect(),
            Column::Narrow(values) => values.iter().map(|value| f64::from(*value)).collect(),
            Column::Wide(values) => Cow::Borrowed(values),
        }
    }
}

/// Numbers that are looked at together.
const CHECKED: usize = 256;

/// Tells whether numbers stay the same, by their bits, which tell -0 from 0.
fn stay(values: &[f64], there_and_back: impl Fn(f64) -> f64) -> bool {
    let differ = |value: &f64| there_and_back(*value).to_bits() ^ value.to_bits();
    values.chunks(CHECKED).all(|values| values.iter().fold(0, |any, value| any | differ(value)) == 0)
}

/// Puts the values of some parts in their places.
pub(super) fn placed<'p, T: Copy + Default + 'p>(
    parts: impl IntoIterator<Item = &'p [T]>,
    mut places: &[u32],
) -> Vec<T> {
    let mut all = vec![T::default(); places.len()];
    for part in parts {
        let (these, others) = places.split_at(part.len());
        put(part, these, &mut all);
        places = others;
    }
    all
}

/// Puts each value in its place.
pub(super) fn put<T: Copy + Into<U>, U>(values: &[T], places: &[u32], into: &mut [U]) {
    values.iter().zip(places).for_each(|(value, place)| into[*place as usize] = (*value).into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let kind = |values: &[f64]| match Column::of(values) {
            Column::Short(_) => "short",
            Column::Narrow(_) => "narrow",
            Column::Wide(_) => "wide",
        };
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        let columns = [
            ([1.0, 65_535.0], "short"),
            ([0.0, 7.0], "short"),
            ([-0.0, 1.0], "narrow"),
            ([65_536.0, 1.0], "narrow"),
            ([-1.0, 0.5], "narrow"),
            ([f64::from(f32::MAX), 16_777_216.0], "narrow"),
            ([0.1, 2.0], "wide"),
            ([16_777_217.0, 1.0], "wide"),
            ([1e300, 1e-300], "wide"),
        ];
        assert_eq!(kind(&[]), "short");
        for (one, expected) in columns {
            assert_eq!(kind(&one), expected, "{one:?}");
            assert_eq!(bits(&Column::of(&one).wide()), bits(&one));
            for (other, _) in columns {
                let found = Column::placed(&[&Column::of(&one), &Column::of(&other)], &[0, 2, 1, 3]);
                let all = [one[0], other[0], one[1], other[1]];
                assert_eq!(bits(&found.wide()), bits(&all));
                let mut values = [7.0; 4];
                found.put(1..4, &[3, 0, 2], &mut values);
                assert_eq!(bits(&values), bits(&[all[2], 7.0, all[3], all[1]]));
            }
        }
    }
}
