//! Sales and returns as Odoo orders: the payload, and the checks whose failure Odoo would only notice at the close.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use tillpost_shared::document::Kind;
use tillpost_shared::document::sale::{Line, Lot, Sale};
use tillpost_shared::key;
use uuid::Uuid;

use super::coins::{self, ROUNDING_PRODUCT};
use super::lines::{self, Frame, Priced};
use super::parts::{self, Part};
use super::payments::{self, Flow};
use super::reference::{Method, PosConfig};
use super::row::number;
use super::shares::{Rounding, Share, shares};
use super::tax::Applied;
use super::translate;
use super::versions::Facts;
use crate::destination::Delivery;
use crate::outbox::Answer;

/// The till's side of an order.
#[derive(Debug, Clone, Copy)]
pub struct Till<'a> {
    /// The till in Odoo.
    pub config: &'a PosConfig,
    /// Its name without the environment's mark.
    pub base: &'a str,
    /// Its code.
    pub code: &'a str,
    /// The configuration's payment methods.
    pub methods: &'a BTreeMap<String, String>,
    /// Digits that Odoo keeps of a quantity.
    pub quantity_digits: u32,
    /// All tills of the store.
    pub store: &'a [PosConfig],
    /// What is to be known about the server.
    pub facts: Facts,
}

/// What a line is in Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    /// `product.product`.
    pub product: i64,
    /// Its taxes on this receipt.
    pub taxes: Vec<Applied>,
    /// The order line it takes back.
    pub refunds: Option<i64>,
    /// Whether its stock is kept by lot or serial number.
    pub tracked: bool,
}

/// What was looked up for a receipt.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// By position in the receipt's lines.
    pub goods: Vec<Good>,
    /// The product of tips, when there are any.
    pub tip_product: Option<i64>,
    /// The product that stands for what was rounded to coins, where it stands on a line.
    pub rounding_product: Option<i64>,
    /// The customer.
    pub customer: Option<i64>,
}

/// A receipt with everything worked out.
struct Receipt<'a> {
    delivery: &'a Delivery,
    sale: &'a Sale,
    found: &'a Found,
    till: Till<'a>,
    shares: Vec<Share>,
    flows: Vec<Flow>,
    methods: Vec<&'a Method>,
}

/// What one order of a receipt comes to.
struct Sum {
    /// With tips.
    total: Decimal,
    /// Tips within the total.
    tip: Decimal,
    /// What stands on a line because it was rounded to coins, within the total.
    rounding: Decimal,
    /// What was paid: flows and amounts.
    paid: Vec<(usize, Decimal)>,
}

/// The orders of a receipt, for `sync_from_ui`, but for the session.
pub fn orders(
    delivery: &Delivery,
    sale: &Sale,
    parts: &[Part],
    found: &Found,
    till: Till<'_>,
) -> Result<Vec<Value>, Answer> {
    check_currency(delivery, till.config)?;
    check_quantities(sale, till.quantity_digits)?;
    check_amounts(sale, till.config)?;
    let rounding = rounding(till);
    let applied: Vec<Vec<Applied>> = found.goods.iter().map(|good| good.taxes.clone()).collect();
    let shares = shares(sale, &applied, rounding)?;
    let tips = payments::tips(&sale.tenders);
    let flows = payments::flows(&sale.tenders, sale.change());
    payments::check(sale, &flows, tips, till)?;
    let methods = methods(&flows, till, found.customer)?;
    let receipt = Receipt {
        delivery,
        sale,
        found,
        till,
        shares,
        flows,
        methods,
    };
    let sums = receipt.sums(parts, tips);
    let order = |(part, sum): (&Part, &Sum)| {
        let mut order = receipt.order(part, sum)?;
        if parts.len() > 1 {
            order.insert("internal_note".to_owned(), part_note(delivery.uid).into());
        }
        Ok(Value::Object(order))
    };
    parts.iter().zip(&sums).map(order).collect()
}

impl Receipt<'_> {
    /// What each order comes to; the last one carries tips and rounding.
    fn sums(&self, parts: &[Part], tips: Decimal) -> Vec<Sum> {
        let on_a_line = match coins::on_a_line(self.till) {
            true => self.sale.cash_rounding(),
            false => Decimal::ZERO,
        };
        let total = |part: &Part| part.lines.iter().map(|n| self.shares[*n].gross()).sum();
        let mut totals: Vec<Decimal> = parts.iter().map(total).collect();
        let mut owed = totals.clone();
        if let (Some(last), Some(owed)) = (totals.last_mut(), owed.last_mut()) {
            *last += tips;
            *owed = *last + self.sale.cash_rounding();
            *last += on_a_line;
        }
        let rows = payments::divide(&self.flows, &owed);
        let last = parts.len().saturating_sub(1);
        let sum = |(n, (total, paid))| {
            let of_last = |amount| if n == last { amount } else { Decimal::ZERO };
            Sum {
                total,
                tip: of_last(tips),
                rounding: of_last(on_a_line),
                paid,
            }
        };
        totals.into_iter().zip(rows).enumerate().map(sum).collect()
    }

    fn order(&self, part: &Part, sum: &Sum) -> Result<Map<String, Value>, Answer> {
        let delivery = self.delivery;
        let reversed = sum.total < Decimal::ZERO;
        let mut values = Vec::with_capacity(part.lines.len() + 1);
        for n in &part.lines {
            let (line, good) = (&self.sale.lines[*n], &self.found.goods[*n]);
            let line = line_values(delivery, line, good, &self.shares[*n], self.till, reversed)?;
            values.push(json!([0, 0, line]));
        }
        if !sum.tip.is_zero() {
            let product = self.found.tip_product;
            let product = product.ok_or_else(|| translate::kind_product_missing("TILLPOST-TIP"))?;
            let tip = tip_line(
                delivery,
                product,
                sum.tip,
                self.till.config.currency,
                reversed,
            );
            values.push(json!([0, 0, tip]));
        }
        if !sum.rounding.is_zero() {
            values.push(json!([0, 0, self.rounding_line(sum.rounding)?]));
        }
        let at = parts::odoo_time(delivery.document.head.occurred_at.at());
        let payment = |(n, amount): &(usize, Decimal)| {
            let (flow, method) = (&self.flows[*n], self.methods[*n]);
            payments::values(part.uuid, flow, *amount, method, &at, &self.sale.tenders)
        };
        let payments: Vec<Value> = sum.paid.iter().map(payment).collect();
        let tax: Decimal = part.lines.iter().map(|n| self.shares[*n].tax()).sum();
        let paid: Decimal = sum.paid.iter().map(|(_, amount)| *amount).sum();
        let mut order = head(delivery, part.uuid, sum.total, tax, paid);
        let mut say = |field: &str, value: Value| order.insert(field.to_owned(), value);
        say(
            "partner_id",
            self.found.customer.map_or(Value::Bool(false), Value::from),
        );
        say("lines", values.into());
        say("payment_ids", payments.into());
        if !sum.tip.is_zero() {
            say("is_tipped", true.into());
            say("tip_amount", number(sum.tip));
        }
        if delivery.document.head.kind == Kind::Return {
            say("is_refund", true.into());
        }
        Ok(order)
    }
}

impl Receipt<'_> {
    fn rounding_line(&self, rounded: Decimal) -> Result<Map<String, Value>, Answer> {
        let (uid, reference) = (self.delivery.uid, parts::reference(self.delivery));
        let product = self.found.rounding_product;
        let product = product.ok_or_else(|| translate::kind_product_missing(ROUNDING_PRODUCT))?;
        let currency = self.till.config.currency;
        Ok(coins::line(uid, &reference, product, rounded, currency))
    }
}

/// What every order says. The fiscal position is none: the till has already decided the taxes.
pub fn head(
    delivery: &Delivery,
    uuid: Uuid,
    total: Decimal,
    tax: Decimal,
    paid: Decimal,
) -> Map<String, Value> {
    let order = json!({
        "uuid": uuid.to_string(),
        "state": "paid",
        "date_order": parts::odoo_time(delivery.document.head.occurred_at.at()),
        "pos_reference": parts::reference(delivery),
        "sequence_number": parts::sequence_number(delivery),
        "fiscal_position_id": false,
        "amount_total": number(total),
        "amount_tax": number(tax),
        "amount_paid": number(paid),
        "amount_return": 0,
    });
    let Value::Object(order) = order else {
        return Map::new();
    };
    order
}

/// How the orders of one receipt are found together: in the notes that Odoo's till keeps as JSON.
pub fn part_note(document: Uuid) -> String {
    format!("[{{\"text\":\"tillpost {document}\",\"colorIndex\":0}}]")
}

/// How amounts of a till are rounded.
pub fn rounding(till: Till<'_>) -> Rounding {
    Rounding {
        digits: till.config.digits,
        per_line: till.config.rounds_per_line,
        fixed: till.facts.fixed_amounts,
        engine: till.facts.taxes,
    }
}

fn line_values(
    delivery: &Delivery,
    line: &Line,
    good: &Good,
    share: &Share,
    till: Till<'_>,
    reversed: bool,
) -> Result<Map<String, Value>, Answer> {
    let rounding = rounding(till);
    let priced = lines::priced(line, share, rounding)?;
    let taxes: Vec<i64> = good.taxes.iter().map(|applied| applied.tax.id).collect();
    let frame = Frame {
        uuid: key::line_uid(delivery.uid, line.line),
        product: good.product,
        taxes: &taxes,
        share,
        currency: till.config.currency,
        reversed,
        refunds: good.refunds,
        name: format!("{}-{}", parts::reference(delivery), line.line.0),
    };
    let name = line.product.name.as_ref().map(AsRef::as_ref);
    let mut values = lines::values(&frame, line.quantity.0, &priced, name);
    if good.tracked && !line.lots.is_empty() {
        let lot = |lot: &Lot| {
            lot.serial
                .as_ref()
                .or(lot.lot.as_ref())
                .map(|name| json!([0, 0, { "lot_name": name.as_str() }]))
        };
        let lots: Vec<Value> = line.lots.iter().filter_map(lot).collect();
        values.insert("pack_lot_ids".to_owned(), lots.into());
    }
    Ok(values)
}

fn tip_line(
    delivery: &Delivery,
    product: i64,
    tip: Decimal,
    currency: i64,
    reversed: bool,
) -> Map<String, Value> {
    let frame = Frame {
        uuid: parts::tip_uuid(delivery.uid),
        product,
        taxes: &[],
        share: &Share {
            base: tip,
            taxes: Vec::new(),
            price: tip,
        },
        currency,
        reversed,
        refunds: None,
        name: format!("{}-tip", parts::reference(delivery)),
    };
    lines::values(
        &frame,
        Decimal::ONE,
        &Priced {
            unit: tip,
            discount: Decimal::ZERO,
        },
        None,
    )
}

/// The method of each flow.
pub fn methods<'a>(
    flows: &[Flow],
    till: Till<'a>,
    customer: Option<i64>,
) -> Result<Vec<&'a Method>, Answer> {
    let mut found = Vec::with_capacity(flows.len());
    for flow in flows {
        let method = match &flow.method {
            Some(name) => method(name, till)?,
            None => {
                let drawer = till.config.cash();
                drawer.ok_or_else(|| translate::method_missing("cash", "cash", till.code))?
            }
        };
        if method.needs_customer && customer.is_none() {
            return Err(translate::customer_missing(&method.name));
        }
        found.push(method);
    }
    Ok(found)
}

/// The method that a till's tender is in Odoo.
pub fn method<'a>(tender: &str, till: Till<'a>) -> Result<&'a Method, Answer> {
    let wanted = till.methods.get(tender).map_or(tender, String::as_str);
    let found = till.config.method(tender, till.methods, till.base);
    found.ok_or_else(|| translate::method_missing(tender, wanted, till.code))
}

fn check_currency(delivery: &Delivery, config: &PosConfig) -> Result<(), Answer> {
    match &delivery.document.head.currency {
        Some(currency) if currency.as_str() != config.currency_code => Err(
            translate::currency_differs(currency.as_str(), &config.currency_code),
        ),
        _ => Ok(()),
    }
}

fn check_quantities(sale: &Sale, digits: u32) -> Result<(), Answer> {
    let too_fine = sale
        .lines
        .iter()
        .find(|line| line.quantity.0.normalize().scale() > digits);
    match too_fine {
        Some(line) => Err(translate::quantity_digits(line.line.0, digits)),
        None => Ok(()),
    }
}

/// Odoo would round what is finer than its currency, but not everywhere, and be left with the difference at the close.
fn check_amounts(sale: &Sale, config: &PosConfig) -> Result<(), Answer> {
    let lines = sale.lines.iter().map(|line| line.total.0);
    let tenders = sale.tenders.iter().map(|tender| tender.amount.0);
    let sums = [sale.total.0, sale.cash_rounding(), sale.change()];
    let mut amounts = lines.chain(tenders).chain(sums);
    let too_fine = amounts.find(|amount| amount.normalize().scale() > config.digits);
    match too_fine {
        Some(amount) => Err(translate::amount_digits(
            amount,
            &config.currency_code,
            config.digits,
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
