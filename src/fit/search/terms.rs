//! Terms of sums: products of what columns become in them.

/// What a column becomes in a term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Factor {
    /// A power, not 0.
    Power(f64),
    /// A power of the logarithm to base 2: 1 or 2.
    Log(u8),
    /// What the column has beyond a value.
    Hinge(f64),
}

/// A product of factors of columns; the empty one is 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) factors: Vec<(usize, Factor)>,
}

impl Term {
    /// Returns the term that is a column as it is.
    pub(super) fn column(column: usize) -> Term {
        Term { factors: vec![(column, Factor::Power(1.0))] }
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
        self.factors.iter().map(|(_, factor)| factor.complexity()).sum()
    }

    /// Tells whether a factor is a hinge.
    pub(super) fn has_hinge(&self) -> bool {
        self.factors.iter().any(|(_, factor)| matches!(factor, Factor::Hinge(_)))
    }
}

impl Factor {
    pub(super) fn value(self, value: f64) -> f64 {
        match self {
            Factor::Power(1.0) => value,
            Factor::Power(2.0) => value * value,
            Factor::Power(0.5) => value.sqrt(),
            Factor::Power(power) => value.powf(power),
            Factor::Log(power) => value.log2().powi(i32::from(power)),
            Factor::Hinge(start) => (value - start).max(0.0),
        }
    }

    fn text(self, name: &str) -> String {
        match self {
            Factor::Power(1.0) => name.to_owned(),
            Factor::Power(0.5) => format!("sqrt({name})"),
            Factor::Power(power) if is_whole(20.0 * power) => format!("{name} ** {power}"),
            Factor::Power(power) => format!("{name} ** ({} / 3)", (3.0 * power).round()),
            Factor::Log(1) => format!("log2({name})"),
            Factor::Log(power) => format!("log2({name}) ** {power}"),
            Factor::Hinge(start) => format!("max({name} - {start}, 0)"),
        }
    }

    /// Says how far a factor is from a plain one.
    pub(super) fn complexity(self) -> f64 {
        match self {
            Factor::Power(power) if is_whole(power) => power,
            Factor::Power(power) if is_whole(2.0 * power) => power + 2.0,
            Factor::Power(power) => power + 4.0,
            Factor::Log(power) => 1.0 + 2.0 * f64::from(power),
            Factor::Hinge(_) => 3.0,
        }
    }
}

fn is_whole(value: f64) -> bool {
    value == value.trunc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;

    #[test]
    fn factors_are_told() {
        let check = |factor: Factor, expected: &str, complexity: f64| {
            assert_eq!((factor.text("n").as_str(), factor.complexity()), (expected, complexity));
            assert!(Expr::parse(expected).is_ok(), "{expected}");
        };
        check(Factor::Power(1.0), "n", 1.0);
        check(Factor::Power(3.0), "n ** 3", 3.0);
        check(Factor::Power(0.5), "sqrt(n)", 2.5);
        check(Factor::Power(1.5), "n ** 1.5", 3.5);
        check(Factor::Power(0.8), "n ** 0.8", 4.8);
        check(Factor::Power(2.75), "n ** 2.75", 6.75);
        check(Factor::Power(4.0 / 3.0), "n ** (4 / 3)", 4.0 + 4.0 / 3.0);
        check(Factor::Log(1), "log2(n)", 3.0);
        check(Factor::Log(2), "log2(n) ** 2", 5.0);
        check(Factor::Hinge(4.0), "max(n - 4, 0)", 3.0);
    }
}
