//! Random baskets with every kind of tax, and what a company's books must show of them.
//!
//! Money is whole minor units (cents, yen, fils), so that one shop serves currencies with any number of decimals.

pub mod book;
pub mod exact;
pub mod found;
pub mod receipt;
pub mod tax;

/// The money of a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    pub currency: &'static str,
    pub digits: u32,
}

impl Money {
    pub const DOLLARS: Self = Self {
        currency: "USD",
        digits: 2,
    };
    pub const YEN: Self = Self {
        currency: "JPY",
        digits: 0,
    };
    pub const DINARS: Self = Self {
        currency: "KWD",
        digits: 3,
    };

    /// Minor units in one.
    pub fn whole(self) -> i64 {
        10_i64.pow(self.digits)
    }

    /// Minor units as text.
    pub fn text(self, units: i64) -> String {
        if self.digits == 0 {
            return units.to_string();
        }
        let sign = if units < 0 { "-" } else { "" };
        let (whole, rest) = (units.abs() / self.whole(), units.abs() % self.whole());
        format!(
            "{sign}{whole}.{rest:0digits$}",
            digits = self.digits as usize
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_its_currencys_digits() {
        let texts = [Money::YEN, Money::DOLLARS, Money::DINARS].map(|money| money.text(-1205));
        assert_eq!(texts, ["-1205", "-12.05", "-1.205"]);
    }
}
