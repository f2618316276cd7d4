//! Candidate terms: products of powers of columns, with at most one logarithm or hinge.

/// What a column becomes in a term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Factor {
    /// A power, not 0.
    Power(f64),
    /// The logarithm to base 2.
    Log,
    /// What the column has beyond a value.
    Hinge(f64),
}

/// A product of factors of columns; the empty one is 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) factors: Vec<(usize, Factor)>,
}

/// Powers that a column may have.
const POWERS: [f64; 4] = [1.0, 2.0, 0.5, 3.0];
/// Terms that are looked at, at most; the simpler come first.
const MOST: usize = 3000;
/// Factors of one term, at most.
const MOST_FACTORS: usize = 6;

impl Term {
    /// Returns the term that is a column as it is.
    pub(super) fn column(column: usize) -> Term {
        Term { factors: vec![(column, Factor::Power(1.0))] }
    }

    /// Returns the value for the columns of a row.
    pub(super) fn value(&self, row: &[f64]) -> f64 {
        self.factors.iter().map(|(column, factor)| factor.value(row[*column])).product()
    }

    /// Returns the term as an expression.
    pub(super) fn text(&self, names: &[String]) -> String {
        if self.factors.is_empty() {
            return "1".to_owned();
        }
        let texts = self.factors.iter().map(|(column, factor)| factor.text(&names[*column]));
        texts.collect::<Vec<_>>().join(" * ")
    }

    /// Says how far a term is from a plain product.
    pub(super) fn complexity(&self) -> f64 {
        let of = |factor: &Factor| match factor {
            Factor::Power(power) if *power == power.trunc() => *power,
            Factor::Power(_) => 2.5,
            Factor::Log | Factor::Hinge(_) => 3.0,
        };
        self.factors.iter().map(|(_, factor)| of(factor)).sum()
    }
}

impl Factor {
    fn value(self, value: f64) -> f64 {
        match self {
            Factor::Power(1.0) => value,
            Factor::Power(2.0) => value * value,
            Factor::Power(0.5) => value.sqrt(),
            Factor::Power(power) => value.powf(power),
            Factor::Log => value.log2(),
            Factor::Hinge(start) => (value - start).max(0.0),
        }
    }

    fn text(self, name: &str) -> String {
        match self {
            Factor::Power(1.0) => name.to_owned(),
            Factor::Power(0.5) => format!("sqrt({name})"),
            Factor::Power(power) => format!("{name} ** {power}"),
            Factor::Log => format!("log2({name})"),
            Factor::Hinge(start) => format!("max({name} - {start}, 0)"),
        }
    }
}

/// Returns candidate terms over columns, the simplest first. A column of less than 1 has no logarithm, a
/// negative one no root.
pub(super) fn candidates(columns: &[Vec<f64>]) -> Vec<Term> {
    let mut terms = vec![Term { factors: Vec::new() }];
    for (column, values) in columns.iter().enumerate() {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if least == most {
            continue;
        }
        let mut factors: Vec<Factor> = POWERS
            .iter()
            .filter(|power| **power == power.trunc() || least >= 0.0)
            .map(|power| Factor::Power(*power))
            .collect();
        if least >= 1.0 {
            factors.push(Factor::Log);
        }
        factors.extend(hinges(values).into_iter().map(Factor::Hinge));
        let special = |term: &Term| term.factors.iter().any(|(_, factor)| !matches!(factor, Factor::Power(1.0 | 2.0)));
        let mut longer = Vec::new();
        for term in &terms {
            for factor in &factors {
                let plain = matches!(factor, Factor::Power(1.0 | 2.0));
                if term.factors.len() < MOST_FACTORS && (plain || !special(term)) {
                    let mut factors = term.factors.clone();
                    factors.push((column, *factor));
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

/// Returns a few inner values of a column at which a hinge may be.
fn hinges(values: &[f64]) -> Vec<f64> {
    let mut distinct = values.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let inner = distinct.get(1..distinct.len().saturating_sub(1)).unwrap_or_default();
    let step = inner.len().div_ceil(3).max(1);
    inner.iter().step_by(step).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_of_two_columns() {
        let columns = [vec![1.0, 2.0, 4.0, 8.0], vec![0.0, 5.0, 5.0, 9.0], vec![7.0; 4]];
        let terms = candidates(&columns);
        let names = ["a", "b", "c"].map(str::to_owned);
        let texts: Vec<String> = terms.iter().map(|term| term.text(&names)).collect();
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
        ] {
            assert!(texts.iter().any(|text| text == wanted), "{wanted} is not in {texts:?}");
        }
        assert!(
            !texts.iter().any(|text| text.contains('c') || text.contains("log2(b)") || text.contains("log2(a) * sqrt"))
        );
        assert_eq!(texts[0], "1");
        let term = terms.iter().find(|term| term.text(&names) == "max(a - 2, 0) * b").unwrap();
        assert_eq!(term.value(&[4.0, 5.0, 7.0]), 10.0);
        // What is printed is an expression.
        assert!(texts.iter().all(|text| crate::expr::Expr::parse(text).is_ok()));
    }

    #[test]
    fn many_columns_are_capped() {
        let columns: Vec<Vec<f64>> =
            (0..8).map(|column| (1..20).map(|row| f64::from(row * (column + 1))).collect()).collect();
        assert_eq!(candidates(&columns).len(), MOST);
    }
}
