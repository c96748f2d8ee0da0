//! What goods are taxed with, and what the taxes of a line come to: exactly, and as each Odoo rounds them on the way.
//!
//! Written from what the books of either Odoo must show, in fractions of whole minor units; nothing of the agent's is used.

use super::exact::Exact;

/// A tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tax {
    /// The till's code; Odoo's tax is called `Basket <code>`.
    pub code: &'static str,
    /// In thousandths of a per cent, or, `each` piece, in minor units.
    pub rate: i64,
    pub each: bool,
    /// In the price that Odoo is told.
    pub included: bool,
    /// Those after it tax it too.
    pub raises: bool,
}

const fn tax(code: &'static str, rate: i64, included: bool, raises: bool) -> Tax {
    Tax {
        code,
        rate,
        each: false,
        included,
        raises,
    }
}

/// What goods can be taxed with: one tax in the price or on top, two, tax on tax, one of each, an amount for each piece.
/// No code stands in two of them.
pub const MENUS: [&[Tax]; 10] = [
    &[tax("A8", 8_100, true, false)],
    &[tax("A2", 2_600, true, false)],
    &[tax("X8", 8_100, false, false)],
    &[
        tax("G5", 5_000, false, false),
        tax("Q9", 9_975, false, false),
    ],
    &[
        tax("K10", 10_000, false, true),
        tax("K5", 5_000, false, false),
    ],
    &[
        tax("J10", 10_000, true, true),
        tax("J5", 5_000, true, false),
    ],
    &[tax("I5", 5_000, true, false), tax("I7", 7_000, true, false)],
    &[
        tax("H3", 3_000, true, false),
        tax("H5", 5_000, false, false),
    ],
    &[],
    &[
        Tax {
            code: "F25",
            rate: 25,
            each: true,
            included: false,
            raises: false,
        },
        tax("Z8", 8_100, false, false),
    ],
];
/// The one with an amount for each piece, which nothing weighed has.
pub const BY_PIECE: usize = 9;

/// How the company rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounds {
    PerLine,
    Globally,
}

/// A line as far as its taxes are concerned.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    /// In minor units.
    pub total: i64,
    /// Whether that is with all taxes, or without any.
    pub with_tax: bool,
    pub thousandths: i64,
    pub menu: usize,
}

impl Tax {
    fn part(&self) -> Exact {
        Exact::of(self.rate, 100_000)
    }
}

impl Amount {
    pub fn taxes(&self) -> &'static [Tax] {
        MENUS[self.menu]
    }

    fn each(&self, tax: &Tax) -> Exact {
        Exact::of(tax.rate * self.thousandths, 1_000)
    }

    /// Exactly: the price without tax, and each tax.
    pub fn exact(&self) -> (Exact, Vec<Exact>) {
        let total = Exact::whole(self.total);
        let net = if self.with_tax {
            // Twice, because what each tax comes to is a fixed part and a part of the net.
            let fixed: Exact = self.on(Exact::ZERO).into_iter().sum();
            let with_one: Exact = self.on(Exact::ONE).into_iter().sum();
            (total - fixed) / (Exact::ONE + with_one - fixed)
        } else {
            total
        };
        (net, self.on(net))
    }

    /// The taxes on this net.
    fn on(&self, net: Exact) -> Vec<Exact> {
        let mut raised = net;
        let mut amounts = Vec::new();
        for tax in self.taxes() {
            let amount = if tax.each {
                self.each(tax)
            } else {
                raised * tax.part()
            };
            if tax.raises {
                raised = raised + amount;
            }
            amounts.push(amount);
        }
        amounts
    }

    /// What Odoo is told as the line's price: with the taxes it includes.
    fn told(&self) -> Exact {
        let (net, amounts) = self.exact();
        let included = self
            .taxes()
            .iter()
            .zip(amounts)
            .filter(|(tax, _)| tax.included);
        net + included.map(|(_, amount)| amount).sum()
    }

    /// Each tax as Odoo 19 rounds it where the company rounds per line.
    pub fn each_rounded(&self) -> Vec<i64> {
        let taxes = self.taxes();
        let mut amounts = vec![0; taxes.len()];
        let mut rest = Exact::whole(self.told().round());
        // From the price inwards: taxes that do not raise each other come off together.
        let mut end = taxes.len();
        while end > 0 {
            let mut start = end - 1;
            while start > 0 && !taxes[start - 1].raises && !taxes[start].raises {
                start -= 1;
            }
            let included: Vec<usize> = (start..end).filter(|n| taxes[*n].included).collect();
            let together: Exact = included.iter().map(|n| taxes[*n].part()).sum();
            let outer = rest;
            for n in included {
                amounts[n] = (outer * taxes[n].part() / (Exact::ONE + together)).round();
                rest = rest - Exact::whole(amounts[n]);
            }
            end = start;
        }
        for (n, tax) in taxes.iter().enumerate() {
            if tax.included {
                continue;
            }
            amounts[n] = if tax.each {
                self.each(tax).round()
            } else {
                (rest * tax.part()).round()
            };
            if tax.raises {
                rest = rest + Exact::whole(amounts[n]);
            }
        }
        amounts
    }

    /// Each tax as Odoo 14 has it before it rounds a document's sum: prices with and without tax are whole, and the last
    /// tax in the price is what lies between them.
    pub fn between_totals(&self, rounds: Rounds) -> Vec<Exact> {
        let fine = |amount: Exact| match rounds {
            Rounds::PerLine => amount.round_to(1),
            Rounds::Globally => amount.round_to(100_000),
        };
        let sign = Exact::whole(if self.told().round() < 0 { -1 } else { 1 });
        let price = Exact::whole(self.told().round()) * sign;
        let taxes = self.taxes();
        let included = || taxes.iter().filter(|tax| tax.included);
        let raising = included().find(|tax| tax.raises);
        let others: Exact = included().filter(|tax| !tax.raises).map(Tax::part).sum();
        // With the raising tax, without those on it.
        let inner = price / (Exact::ONE + others);
        let net = match raising {
            Some(tax) => inner / (Exact::ONE + tax.part()),
            None => inner,
        };
        let net = Exact::whole(net.round());
        let last = taxes.iter().rposition(|tax| tax.included);
        let (mut raised, mut taken) = (net, Exact::ZERO);
        let mut amounts = Vec::new();
        for (n, tax) in taxes.iter().enumerate() {
            let amount = fine(if tax.each {
                self.each(tax) * sign
            } else if tax.included && tax.raises {
                inner - net
            } else if Some(n) == last {
                price - net - taken
            } else {
                raised * tax.part()
            });
            if tax.included {
                taken = taken + amount;
            }
            if tax.raises {
                raised = raised + amount;
            }
            amounts.push(amount * sign);
        }
        amounts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(menu: usize, total: i64, with_tax: bool) -> Amount {
        Amount {
            total,
            with_tax,
            thousandths: 2_000,
            menu,
        }
    }

    #[test]
    fn taxes_on_taxes_and_amounts_each_are_exact() {
        let whole = |amount: Amount| {
            let (net, taxes) = amount.exact();
            (
                net.round(),
                taxes.into_iter().map(Exact::round).collect::<Vec<_>>(),
            )
        };
        assert_eq!(whole(amount(0, 1081, true)), (1000, vec![81]));
        assert_eq!(whole(amount(4, 1155, true)), (1000, vec![100, 55]));
        assert_eq!(whole(amount(5, 1000, false)), (1000, vec![100, 55]));
        assert_eq!(whole(amount(9, 1131, true)), (1000, vec![50, 81]));
    }

    #[test]
    fn each_odoo_rounds_on_its_own_way() {
        assert_eq!(amount(5, 999, true).each_rounded(), [86, 48]);
        assert_eq!(amount(2, 100, true).each_rounded(), [8]);
        let between = |menu, total| amount(menu, total, true).between_totals(Rounds::Globally);
        assert_eq!(between(0, 100), [Exact::whole(7)]);
        assert_eq!(between(0, -100), [Exact::whole(-7)]);
        assert_eq!(between(6, 112), [Exact::whole(5), Exact::whole(7)]);
    }
}
