//! Which terms a search looks at: products of plain powers of any columns with at most one root, cube, logarithm or
//! hinge; and what costs grow by, powers with fractions times logarithms, of single columns and pairs of them.
//!
//! The powers and logarithms of the second kind are those of performance models in normal form (Calotoiu, Hoefler,
//! Poke and Wolf 2013, "Using Automated Performance Modeling to Find Scalability Bugs in Complex Codes", SC '13).

use super::terms::{Factor, Term};

/// Powers that a column may have in any product.
const POWERS: [f64; 4] = [1.0, 2.0, 0.5, 3.0];
/// Products that are looked at, at most; the simpler come first.
const MOST: usize = 3000;
/// Factors of one product, at most.
const MOST_FACTORS: usize = 6;
/// Powers by which a cost may grow.
const GROWTHS: [f64; 20] = [
    0.0,
    1.0 / 4.0,
    1.0 / 3.0,
    1.0 / 2.0,
    2.0 / 3.0,
    3.0 / 4.0,
    4.0 / 5.0,
    1.0,
    5.0 / 4.0,
    4.0 / 3.0,
    3.0 / 2.0,
    5.0 / 3.0,
    7.0 / 4.0,
    2.0,
    9.0 / 4.0,
    7.0 / 3.0,
    5.0 / 2.0,
    8.0 / 3.0,
    11.0 / 4.0,
    3.0,
];
/// Powers of a logarithm beside them, at most.
const MOST_LOGS: u8 = 2;
/// Growths of single columns, at most.
const MOST_SINGLE: usize = 600;
/// Growths of pairs of columns, at most.
const MOST_PAIRED: usize = 1500;
/// Values that a column must have to tell one growth from another.
const TELLING: usize = 4;

/// Returns candidate terms over columns: products, the constant and the simplest first; and growths. A column of less
/// than 1 has no logarithm, a negative one no root and no other fraction.
pub(super) fn candidates(columns: &[Vec<f64>]) -> (Vec<Term>, Vec<Term>) {
    let columns: Vec<Column> = columns.iter().map(|values| Column::new(values)).collect();
    (products(&columns), growths(&columns))
}

/// What is to be known of a column.
struct Column {
    least: f64,
    /// Its values, ascending, each once.
    distinct: Vec<f64>,
}

impl Column {
    fn new(values: &[f64]) -> Column {
        let mut distinct = values.to_vec();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        Column { least: distinct.first().copied().unwrap_or(0.0), distinct }
    }

    fn is_constant(&self) -> bool {
        self.distinct.len() < 2
    }

    /// Tells whether a power is a number for all values.
    fn has_power(&self, power: f64) -> bool {
        power == power.trunc() || self.least >= 0.0
    }

    fn has_log(&self) -> bool {
        self.least >= 1.0
    }

    /// Returns a few inner values at which a hinge may be.
    fn hinges(&self) -> impl Iterator<Item = Factor> {
        let inner = self.distinct.get(1..self.distinct.len().saturating_sub(1)).unwrap_or_default();
        let step = inner.len().div_ceil(3).max(1);
        inner.iter().step_by(step).map(|start| Factor::Hinge(*start))
    }

    /// Returns what a cost may grow by, the simplest first.
    fn growths(&self) -> Vec<Vec<Factor>> {
        let mut found = Vec::new();
        if self.distinct.len() < TELLING {
            return found;
        }
        for power in GROWTHS.into_iter().filter(|power| self.has_power(*power)) {
            for log in 0..=if self.has_log() { MOST_LOGS } else { 0 } {
                let power = (power > 0.0).then_some(Factor::Power(power));
                let factors: Vec<Factor> = power.into_iter().chain((log > 0).then_some(Factor::Log(log))).collect();
                if !factors.is_empty() {
                    found.push(factors);
                }
            }
        }
        let complexity = |factors: &[Factor]| factors.iter().map(|factor| factor.complexity()).sum::<f64>();
        found.sort_by(|one, other| complexity(one).total_cmp(&complexity(other)));
        found
    }
}

/// Returns products of powers of any columns with at most one root, cube, logarithm or hinge.
fn products(columns: &[Column]) -> Vec<Term> {
    let mut terms = vec![Term { factors: Vec::new() }];
    for (place, column) in columns.iter().enumerate().filter(|(_, column)| !column.is_constant()) {
        let powers = POWERS.into_iter().filter(|power| column.has_power(*power)).map(Factor::Power);
        let log = column.has_log().then_some(Factor::Log(1));
        let factors: Vec<Factor> = powers.chain(log).chain(column.hinges()).collect();
        let is_plain = |factor: &Factor| matches!(factor, Factor::Power(1.0 | 2.0));
        let special = |term: &Term| term.factors.iter().any(|(_, factor)| !is_plain(factor));
        let mut longer = Vec::new();
        for term in terms.iter().filter(|term| term.factors.len() < MOST_FACTORS) {
            for factor in &factors {
                if is_plain(factor) || !special(term) {
                    let mut factors = term.factors.clone();
                    factors.push((place, *factor));
                    longer.push(Term { factors });
                }
            }
        }
        terms.extend(longer);
        // Too many of them would only be cut at the end.
        terms.sort_by(|one, other| one.complexity().total_cmp(&other.complexity()));
        terms.truncate(MOST);
    }
    terms
}

/// Returns growths of single columns and products of those of two; of many columns only the simpler ones.
fn growths(columns: &[Column]) -> Vec<Term> {
    let of_columns: Vec<(usize, Vec<Vec<Factor>>)> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| (place, column.growths()))
        .filter(|(_, growths)| !growths.is_empty())
        .collect();
    let count = of_columns.len();
    let placed = |place: usize, factors: &[Factor]| factors.iter().map(move |factor| (place, *factor)).collect();
    let mut terms = Vec::new();
    for (place, growths) in &of_columns {
        let some = growths.iter().take(MOST_SINGLE / count);
        terms.extend(some.map(|factors| Term { factors: placed(*place, factors) }));
    }
    let pairs = count * count.saturating_sub(1) / 2;
    let each = (MOST_PAIRED / pairs.max(1)).isqrt();
    for (index, (one, growths)) in of_columns.iter().enumerate() {
        for (other, beside) in &of_columns[index + 1..] {
            for factors in growths.iter().take(each) {
                let products = beside.iter().take(each).map(|others| {
                    let factors: Vec<(usize, Factor)> = placed(*one, factors);
                    let others: Vec<(usize, Factor)> = placed(*other, others);
                    Term { factors: [factors, others].concat() }
                });
                terms.extend(products);
            }
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(columns: &[Vec<f64>]) -> Vec<String> {
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let (products, growths) = candidates(columns);
        products.iter().chain(&growths).map(|term| term.text(&names)).collect()
    }

    #[test]
    fn terms_of_two_columns() {
        let texts = texts(&[vec![1.0, 2.0, 4.0, 8.0], vec![0.0, 5.0, 5.0, 9.0], vec![7.0; 4]]);
        for wanted in [
            "1",
            "a",
            "b",
            "a * b",
            "a ** 2 * b",
            "log2(a)",
            "log2(a) * b ** 2",
            "sqrt(b)",
            "max(a - 2, 0) * b",
            "a ** 3",
            "a * log2(a)",
            "a ** 1.5",
            "a ** (4 / 3) * log2(a) ** 2",
        ] {
            assert!(texts.iter().any(|text| text == wanted), "{wanted} is not in {texts:?}");
        }
        // Three values do not tell one growth from another.
        for unwanted in ["c", "log2(b)", "log2(a) * sqrt", "b ** 1.5"] {
            assert!(!texts.iter().any(|text| text.contains(unwanted)), "{unwanted} is in {texts:?}");
        }
        assert_eq!(texts[0], "1");
        // What is printed is an expression.
        assert!(texts.iter().all(|text| crate::expr::Expr::parse(text).is_ok()));
    }

    #[test]
    fn growths_of_two_columns_are_multiplied() {
        let texts = texts(&[vec![1.0, 2.0, 4.0, 8.0], vec![1.0, 3.0, 5.0, 9.0]]);
        for wanted in ["a ** 2 * log2(b)", "a * log2(a) * b", "a * log2(a) * b * log2(b)", "sqrt(a) * b ** 1.5"] {
            assert!(texts.iter().any(|text| text == wanted), "{wanted} is not in {texts:?}");
        }
    }

    #[test]
    fn many_columns_are_capped() {
        let columns = |count: i32| -> Vec<Vec<f64>> {
            (0..count).map(|column| (1..20).map(|row| f64::from(row * (column + 1))).collect()).collect()
        };
        let most = MOST_SINGLE + MOST_PAIRED;
        for (count, all) in [(1, false), (2, false), (3, false), (8, true), (14, true)] {
            let (products, growths) = candidates(&columns(count));
            assert!(growths.len() <= most && (products.len() == MOST) == all, "{count}");
        }
        assert!(candidates(&columns(14)).1.len() > most - 200);
    }
}
