//! What a product costs by Odoo's price lists, worked out here: from the rules as they stand, for every instant.
//!
//! Head office's own computation is private to it and answers one product a call; and a rule whose date comes or goes
//! changes a price without anything being written, so that the rules themselves must be here. Same order, same
//! arithmetic as `product.pricelist._compute_price_rule`, in decimals instead of floats.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};

/// Price lists that build on each other, at most so deep; a longer chain is a circle.
const CHAIN_MAX: usize = 8;
/// Changes of one product's price that a snapshot tells at most.
const CHANGES_MAX: usize = 200;

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppliesTo {
    /// Everything.
    All,
    /// A category and those below it.
    Category(i64),
    /// A template: all its variants.
    Template(i64),
    /// One variant.
    Variant(i64),
}

/// From which price a rule starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The product's own price.
    ListPrice,
    /// Its cost.
    Cost,
    /// Its price by another list.
    PriceList(i64),
}

/// What a rule makes of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Compute {
    /// This price.
    Fixed(Decimal),
    /// Less so many per cent.
    Percentage {
        /// Of which price.
        base: Base,
        /// How many.
        percent: Decimal,
    },
    /// Less per cent, rounded, plus a surcharge, within margins.
    Formula {
        /// Of which price.
        base: Base,
        /// How many per cent less; negative for a mark-up.
        percent: Decimal,
        /// To a multiple of this; 0: not at all.
        round: Decimal,
        /// Added after rounding.
        surcharge: Decimal,
        /// At least this above the base; 0: no limit.
        margin_min: Decimal,
        /// At most this above the base; 0: no limit.
        margin_max: Decimal,
    },
}

/// A rule of a price list.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it is about.
    pub applies_to: AppliesTo,
    /// From which quantity, in the product's own unit.
    pub quantity_min: Decimal,
    /// From when, inclusive.
    pub from_at: Option<Timestamp>,
    /// Until when, exclusive.
    pub until_at: Option<Timestamp>,
    /// What it makes of the price.
    pub compute: Compute,
}

/// A price list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PriceList {
    /// Its currency.
    pub currency: i64,
    /// In Odoo's order: the first that fits counts.
    pub rules: Vec<Rule>,
    by_variant: BTreeMap<i64, Vec<usize>>,
    by_template: BTreeMap<i64, Vec<usize>>,
    others: Vec<usize>,
}

/// All price lists and what is needed to read them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Book {
    /// By id.
    pub lists: BTreeMap<i64, PriceList>,
    /// How much of a currency one unit of the company's is, by id.
    pub rates: BTreeMap<i64, Decimal>,
}

/// A product as the rules see it, in one unit of measure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Article {
    /// The variant.
    pub variant: i64,
    /// Its template.
    pub template: i64,
    /// Its category and those above it.
    pub categories: Vec<i64>,
    /// Its own price, for its own unit.
    pub list_price: Decimal,
    /// The currency of its own price.
    pub currency: i64,
    /// Its cost, for its own unit.
    pub cost: Decimal,
    /// The currency of its cost.
    pub cost_currency: i64,
    /// How many of its own unit are sold at once: 6 for a pack of six.
    pub pieces: Decimal,
}

/// Why a price cannot be worked out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    /// Price lists build on each other in a circle.
    #[error("price lists build on each other in a circle")]
    Circle,
    /// A price list that is not there.
    #[error("a price list builds on one that cannot be read")]
    UnknownList,
    /// A currency without a rate.
    #[error("a currency has no rate")]
    UnknownRate,
    /// A number beyond all prices.
    #[error("a price is out of range")]
    OutOfRange,
}

/// A price and from when it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From when; the first one from ever.
    pub from_at: Option<Timestamp>,
    /// Money, rounded.
    pub amount: Decimal,
}

impl PriceList {
    /// A price list of rules in Odoo's order.
    pub fn new(currency: i64, rules: Vec<Rule>) -> Self {
        let mut list = Self {
            currency,
            ..Self::default()
        };
        for (index, rule) in rules.iter().enumerate() {
            match rule.applies_to {
                AppliesTo::Variant(id) => list.by_variant.entry(id).or_default().push(index),
                AppliesTo::Template(id) => list.by_template.entry(id).or_default().push(index),
                AppliesTo::All | AppliesTo::Category(_) => list.others.push(index),
            }
        }
        list.rules = rules;
        list
    }

    /// The rules that fit the article at some time, in Odoo's order.
    fn fitting(&self, article: &Article) -> Vec<&Rule> {
        let own = self.by_variant.get(&article.variant);
        let template = self.by_template.get(&article.template);
        let indices = own
            .into_iter()
            .chain(template)
            .flatten()
            .chain(&self.others);
        let mut indices: Vec<usize> = indices.copied().collect();
        indices.sort_unstable();
        let rules = indices.into_iter().map(|index| &self.rules[index]);
        rules.filter(|rule| rule.fits(article)).collect()
    }
}

impl Rule {
    fn fits(&self, article: &Article) -> bool {
        let about = match self.applies_to {
            AppliesTo::All => true,
            AppliesTo::Category(id) => article.categories.contains(&id),
            AppliesTo::Template(id) => article.template == id,
            AppliesTo::Variant(id) => article.variant == id,
        };
        about && article.pieces >= self.quantity_min
    }
    fn holds(&self, at: Option<Timestamp>) -> bool {
        // `None` stands before every boundary.
        self.from_at
            .is_none_or(|from| at.is_some_and(|at| from <= at))
            && self
                .until_at
                .is_none_or(|until| at.is_none_or(|at| at < until))
    }
    fn base(&self) -> Option<Base> {
        match self.compute {
            Compute::Fixed(_) => None,
            Compute::Percentage { base, .. } | Compute::Formula { base, .. } => Some(base),
        }
    }
}

impl Book {
    /// The prices of an article by a list from ever to ever, each only where it differs from the one before. What
    /// began and ended before `floor` is left out. Without a list: its own price.
    pub fn steps(
        &self,
        list: Option<i64>,
        article: &Article,
        floor: Timestamp,
        digits: u32,
    ) -> Result<Vec<Step>, NoPrice> {
        let mut boundaries = BTreeSet::new();
        if let Some(list) = list {
            self.boundaries(list, article, &mut boundaries, 0)?;
        }
        // Everything up to the floor counts as one: the price as it was then holds from ever.
        let begin = boundaries.iter().copied().filter(|at| *at <= floor).max();
        let later = boundaries.into_iter().filter(|at| *at > floor);
        let mut steps: Vec<Step> = Vec::new();
        for at in std::iter::once(begin)
            .chain(later.map(Some))
            .take(CHANGES_MAX)
        {
            let amount = rounded(self.price(list, article, at)?, digits);
            if steps.last().is_none_or(|step| step.amount != amount) {
                let from_at = if steps.is_empty() { None } else { at };
                steps.push(Step { from_at, amount });
            }
        }
        Ok(steps)
    }

    /// The price of an article by a list at an instant, in the list's currency, not rounded.
    pub fn price(
        &self,
        list: Option<i64>,
        article: &Article,
        at: Option<Timestamp>,
    ) -> Result<Decimal, NoPrice> {
        match list {
            Some(list) => self.by_list(list, article, at, 0),
            None => times(article.list_price, article.pieces),
        }
    }

    fn boundaries(
        &self,
        list: i64,
        article: &Article,
        found: &mut BTreeSet<Timestamp>,
        depth: usize,
    ) -> Result<(), NoPrice> {
        for rule in self.list(list, depth)?.fitting(article) {
            found.extend([rule.from_at, rule.until_at].into_iter().flatten());
            if let Some(Base::PriceList(below)) = rule.base() {
                self.boundaries(below, article, found, depth + 1)?;
            }
        }
        Ok(())
    }

    fn by_list(
        &self,
        id: i64,
        article: &Article,
        at: Option<Timestamp>,
        depth: usize,
    ) -> Result<Decimal, NoPrice> {
        let list = self.list(id, depth)?;
        let fitting = list.fitting(article);
        let Some(rule) = fitting.into_iter().find(|rule| rule.holds(at)) else {
            let own = times(article.list_price, article.pieces)?;
            return self.convert(own, article.currency, list.currency);
        };
        let base = match rule.base() {
            None => Decimal::ZERO,
            Some(Base::ListPrice) => {
                let own = times(article.list_price, article.pieces)?;
                self.convert(own, article.currency, list.currency)?
            }
            Some(Base::Cost) => {
                let cost = times(article.cost, article.pieces)?;
                self.convert(cost, article.cost_currency, list.currency)?
            }
            Some(Base::PriceList(below)) => {
                let price = self.by_list(below, article, at, depth + 1)?;
                self.convert(price, self.list(below, depth)?.currency, list.currency)?
            }
        };
        computed(&rule.compute, base, article.pieces)
    }

    fn list(&self, id: i64, depth: usize) -> Result<&PriceList, NoPrice> {
        if depth >= CHAIN_MAX {
            return Err(NoPrice::Circle);
        }
        self.lists.get(&id).ok_or(NoPrice::UnknownList)
    }

    /// Money in another currency, not rounded.
    pub fn convert(&self, amount: Decimal, from: i64, to: i64) -> Result<Decimal, NoPrice> {
        if from == to {
            return Ok(amount);
        }
        let (Some(from), Some(to)) = (self.rates.get(&from), self.rates.get(&to)) else {
            return Err(NoPrice::UnknownRate);
        };
        times(amount, *to)?
            .checked_div(*from)
            .ok_or(NoPrice::UnknownRate)
    }
}

fn computed(compute: &Compute, base: Decimal, pieces: Decimal) -> Result<Decimal, NoPrice> {
    match *compute {
        Compute::Fixed(price) => times(price, pieces),
        Compute::Percentage { percent, .. } => less(base, percent),
        Compute::Formula {
            percent,
            round,
            surcharge,
            margin_min,
            margin_max,
            ..
        } => {
            let mut price = multiple(less(base, percent)?, round)?;
            price = plus(price, times(surcharge, pieces)?)?;
            if !margin_min.is_zero() {
                price = price.max(plus(base, times(margin_min, pieces)?)?);
            }
            if !margin_max.is_zero() {
                price = price.min(plus(base, times(margin_max, pieces)?)?);
            }
            Ok(price)
        }
    }
}

/// Rounds half away from zero to so many digits, as Odoo does, and writes them all: `1.20`.
pub fn rounded(amount: Decimal, digits: u32) -> Decimal {
    let mut amount = amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    amount.rescale(digits);
    amount
}

fn less(base: Decimal, percent: Decimal) -> Result<Decimal, NoPrice> {
    let part = times(base, percent)?
        .checked_div(Decimal::ONE_HUNDRED)
        .ok_or(NoPrice::OutOfRange)?;
    base.checked_sub(part).ok_or(NoPrice::OutOfRange)
}

fn multiple(price: Decimal, step: Decimal) -> Result<Decimal, NoPrice> {
    if step <= Decimal::ZERO {
        return Ok(price);
    }
    let steps = price.checked_div(step).ok_or(NoPrice::OutOfRange)?;
    times(rounded(steps, 0), step)
}

fn times(one: Decimal, other: Decimal) -> Result<Decimal, NoPrice> {
    one.checked_mul(other).ok_or(NoPrice::OutOfRange)
}

fn plus(one: Decimal, other: Decimal) -> Result<Decimal, NoPrice> {
    one.checked_add(other).ok_or(NoPrice::OutOfRange)
}

#[cfg(test)]
#[path = "prices_tests.rs"]
mod tests;
