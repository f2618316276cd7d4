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

    /// Puts whole numbers, of which none is above `most`, in their places, of which there are `count`; `runs` calls with
    /// the first of numbers that follow each other, and their places.
    pub(super) fn of_runs(runs: impl Fn(&mut dyn FnMut(u64, &[u32])), most: u64, count: usize) -> Column {
        if most <= u64::from(u16::MAX) {
            Column::Short(put_runs(runs, count, |number| number as u16))
        } else if most < 1 << f32::MANTISSA_DIGITS {
            Column::Narrow(put_runs(runs, count, |number| number as f32))
        } else {
            Column::Wide(put_runs(runs, count, |number| number as f64))
        }
    }

    /// Adds the numbers of some rows.
    pub(super) fn add_to(&self, rows: Range<usize>, into: &mut Vec<f64>) {
        match self {
            Column::Short(values) => into.extend(values[rows].iter().map(|value| f64::from(*value))),
            Column::Narrow(values) => into.extend(values[rows].iter().map(|value| f64::from(*value))),
            Column::Wide(values) => into.extend_from_slice(&values[rows]),
        }
    }

    fn len(&self) -> usize {
        match self {
            Column::Short(values) => values.len(),
            Column::Narrow(values) => values.len(),
            Column::Wide(values) => values.len(),
        }
    }

    fn as_short(&self) -> Option<&[u16]> {
        if let Column::Short(values) = self { Some(values) } else { None }
    }

    fn as_narrow(&self) -> Option<&[f32]> {
        if let Column::Narrow(values) = self { Some(values) } else { None }
    }

    fn wide(&self) -> Cow<'_, [f64]> {
        if let Column::Wide(values) = self {
            return Cow::Borrowed(values);
        }
        let mut values = Vec::with_capacity(self.len());
        self.add_to(0..self.len(), &mut values);
        Cow::Owned(values)
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

fn put_runs<T: Copy + Default>(
    runs: impl Fn(&mut dyn FnMut(u64, &[u32])),
    count: usize,
    narrow: impl Fn(u64) -> T,
) -> Vec<T> {
    let mut all = vec![T::default(); count];
    runs(&mut |first, places| {
        (first..).zip(places).for_each(|(number, place)| all[*place as usize] = narrow(number));
    });
    all
}

/// Puts each value in its place.
pub(super) fn put<T: Copy>(values: &[T], places: &[u32], into: &mut [T]) {
    values.iter().zip(places).for_each(|(value, place)| into[*place as usize] = *value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_in_as_few_bytes_as_will_do() {
        let found = |first: u64| {
            let runs = |run: &mut dyn FnMut(u64, &[u32])| {
                run(0, &[2, 0]);
                run(first, &[1, 3]);
            };
            let column = Column::of_runs(runs, first + 1, 4);
            let kind = match &column {
                Column::Short(_) => "short",
                Column::Narrow(_) => "narrow",
                Column::Wide(_) => "wide",
            };
            let mut values = Vec::new();
            column.add_to(0..4, &mut values);
            assert_eq!(values, [1.0, first as f64, 0.0, first as f64 + 1.0]);
            kind
        };
        assert_eq!([7, 65_534, 65_535, 16_777_214].map(found), ["short", "short", "narrow", "narrow"]);
        assert_eq!([16_777_216, 1 << 50].map(found), ["wide", "wide"]);
    }

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
                let mut values = vec![7.0];
                found.add_to(0..4, &mut values);
                found.add_to(1..2, &mut values);
                assert_eq!(bits(&values), bits(&[7.0, one[0], other[0], one[1], other[1], other[0]]));
            }
        }
    }
}
