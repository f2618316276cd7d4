//! Cycles that the stages of a sparse product take for each part, as measured, by its shape.

/// Cycles of the stages `math`, `reload` and `pack`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stages {
    pub(super) math: u32,
    pub(super) reload: u32,
    pub(super) pack: u32,
}

/// Rows, columns, and the stages for 1, 4 and 8 inner tiles.
type Entry = (u32, u32, [(u32, u32, u32); 3]);

const INNER_TILES: [u32; 3] = [1, 4, 8];

const LOW_FIDELITY: [Entry; 10] = [
    (1, 1, [(335, 140, 150), (100, 136, 117), (55, 140, 115)]),
    (1, 2, [(125, 110, 100), (50, 110, 90), (26, 110, 80)]),
    (1, 4, [(26, 50, 50), (26, 50, 50), (26, 50, 50)]),
    (1, 8, [(26, 45, 40), (26, 45, 36), (26, 45, 35)]),
    (2, 1, [(125, 110, 100), (55, 110, 90), (55, 110, 80)]),
    (2, 2, [(26, 50, 50), (26, 50, 50), (26, 50, 50)]),
    (2, 4, [(26, 45, 40), (26, 45, 36), (26, 45, 35)]),
    (4, 1, [(55, 45, 35), (55, 45, 35), (55, 45, 35)]),
    (4, 2, [(26, 45, 40), (26, 45, 36), (26, 45, 35)]),
    (8, 1, [(55, 45, 35), (55, 45, 35), (55, 45, 35)]),
];

const HIGH_FIDELITY: [Entry; 10] = [
    (1, 1, [(335, 142, 150), (100, 140, 123), (55, 140, 120)]),
    (1, 2, [(125, 110, 100), (50, 110, 90), (38, 110, 80)]),
    (1, 4, [(38, 50, 50), (38, 50, 50), (38, 50, 50)]),
    (1, 8, [(38, 45, 42), (37, 45, 40), (38, 45, 40)]),
    (2, 1, [(125, 110, 100), (55, 110, 90), (55, 110, 80)]),
    (2, 2, [(38, 50, 50), (38, 50, 50), (38, 50, 50)]),
    (2, 4, [(38, 45, 42), (37, 45, 40), (38, 45, 40)]),
    (4, 1, [(55, 45, 40), (55, 45, 40), (55, 45, 40)]),
    (4, 2, [(38, 45, 42), (37, 45, 40), (38, 45, 40)]),
    (8, 1, [(55, 45, 35), (55, 45, 35), (55, 45, 35)]),
];

/// Returns the stages for a shape; where it is not there, the next smaller rows, then columns, then inner
/// tiles are taken. All are at least 1.
pub(super) fn stages(low_fidelity: bool, rows: u32, columns: u32, inner_tiles: u32) -> Stages {
    let table = if low_fidelity { &LOW_FIDELITY } else { &HIGH_FIDELITY };
    let below = |keys: &mut dyn Iterator<Item = u32>, wanted: u32| keys.filter(|key| *key <= wanted).max().unwrap_or(1);
    let rows = below(&mut table.iter().map(|entry| entry.0), rows);
    let of_rows = || table.iter().filter(|entry| entry.0 == rows);
    let columns = below(&mut of_rows().map(|entry| entry.1), columns);
    let inner = INNER_TILES.iter().rposition(|key| *key <= inner_tiles).unwrap_or(0);
    let (math, reload, pack) = of_rows().find(|entry| entry.1 == columns).map_or((0, 0, 0), |entry| entry.2[inner]);
    Stages { math, reload, pack }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_smaller_shape_is_taken() {
        let check = |rows: u32, columns: u32, inner: u32, expected: (u32, u32, u32)| {
            let found = stages(true, rows, columns, inner);
            assert_eq!((found.math, found.reload, found.pack), expected, "{rows} {columns} {inner}");
        };
        check(1, 1, 1, (335, 140, 150));
        check(1, 1, 3, (335, 140, 150));
        check(1, 1, 7, (100, 136, 117));
        check(1, 3, 100, (26, 110, 80));
        check(3, 100, 4, (26, 45, 36));
        check(7, 8, 8, (26, 45, 35));
        check(100, 100, 1, (55, 45, 35));
        assert_eq!(stages(false, 8, 4, 4).pack, 35);
    }
}
