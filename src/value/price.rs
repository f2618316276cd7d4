//! What machines cost.

use std::collections::BTreeMap;

/// What the time of a machine costs, in the currency of its [`Prices`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Price {
    /// A whole machine.
    Machine {
        /// For an hour.
        hour: f64,
    },
    /// What a task holds of a machine.
    Shares {
        /// For a processor and an hour.
        core_hour: f64,
        /// For a GiB of memory and an hour.
        gib_hour: f64,
    },
}

/// Seconds of an hour.
const HOUR: f64 = 3600.0;

impl Price {
    /// Returns what is to be paid for a task that held so many core-seconds and GiB-seconds on a machine
    /// with so many processors. Of a whole machine it pays for its share of the processors; what a
    /// machine costs while it has nothing to do is nobody's.
    pub fn of_shares(&self, core_seconds: f64, gibibyte_seconds: f64, processors: f64) -> f64 {
        match *self {
            Price::Machine { hour } => hour * core_seconds / HOUR / processors.max(1.0),
            Price::Shares { core_hour, gib_hour } => (core_hour * core_seconds + gib_hour * gibibyte_seconds) / HOUR,
        }
    }

    /// Returns what a machine costs for so many seconds; none if it is paid by shares.
    pub fn of_machine(&self, seconds: f64) -> Option<f64> {
        match *self {
            Price::Machine { hour } => Some(hour * seconds / HOUR),
            Price::Shares { .. } => None,
        }
    }
}

/// What machines cost, by the label that stages want with `runner`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prices {
    /// What amounts are in, such as `USD`.
    pub currency: String,
    /// A machine without a label, or with one that is not in the list.
    pub default: Option<Price>,
    /// By label.
    pub labels: BTreeMap<String, Price>,
}

impl Prices {
    /// Returns the price of a machine with a label, or of any machine.
    pub fn of(&self, label: Option<&str>) -> Option<&Price> {
        label.and_then(|label| self.labels.get(label)).or(self.default.as_ref())
    }
}

/// Prints an amount of money: two digits after the point, more for what is less than a cent.
pub fn show_price(amount: f64, currency: &str) -> String {
    let digits = match amount.abs() {
        small if small > 0.0 && small < 0.000_1 => 6,
        small if small > 0.0 && small < 0.1 => 4,
        _ => 2,
    };
    format!("{amount:.digits$} {currency}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices() {
        let machine = Price::Machine { hour: 0.48 };
        // One of four processors for an hour is a quarter of the machine.
        assert_eq!(machine.of_shares(3600.0, 1e9, 4.0), 0.12);
        assert_eq!(machine.of_machine(1800.0), Some(0.24));
        let shares = Price::Shares { core_hour: 0.03, gib_hour: 0.004 };
        assert!((shares.of_shares(7200.0, 3600.0, 64.0) - 0.064).abs() < 1e-12);
        assert_eq!(shares.of_machine(1.0), None);
        let prices =
            Prices { currency: "USD".to_owned(), default: Some(machine), labels: [("gpu".to_owned(), shares)].into() };
        assert_eq!(prices.of(None), Some(&machine));
        assert_eq!(prices.of(Some("gpu")), Some(&shares));
        assert_eq!(prices.of(Some("other")), Some(&machine));
        assert_eq!(Prices::default().of(Some("gpu")), None);
    }

    #[test]
    fn amounts() {
        let check = |amount: f64, expected: &str| assert_eq!(show_price(amount, "EUR"), expected);
        check(0.0, "0.00 EUR");
        check(12.345, "12.35 EUR");
        check(0.0123, "0.0123 EUR");
        check(0.000_012, "0.000012 EUR");
    }
}
