//! Amounts finer than the currency's smallest unit: no cash drawer and no ledger holds them.
//!
//! What one unit cost may be finer (a till divides a total by a quantity), and so may quantities, rates and points.

use rust_decimal::Decimal;

use super::Money;
use crate::currency;
use crate::document::Body;
use crate::document::day::{DayClose, Settlement};
use crate::document::sale::{Line, Sale, Tender, Void};
use crate::problem::{Code, Problem};
use crate::scalar::{Amount, Exact, Price};

struct Scale<'a> {
    digits_max: u32,
    problems: &'a mut Vec<Problem>,
}

impl Scale<'_> {
    fn amount(&mut self, amount: impl Into<Option<Amount>>, path: impl Fn() -> String) {
        let digits_max = self.digits_max;
        self.amount_in(digits_max, amount, path);
    }

    fn foreign(
        &mut self,
        code: &str,
        amount: impl Into<Option<Amount>>,
        path: impl Fn() -> String,
    ) {
        self.amount_in(currency::exponent(code), amount, path);
    }

    fn amount_in(
        &mut self,
        digits_max: u32,
        amount: impl Into<Option<Amount>>,
        path: impl Fn() -> String,
    ) {
        let Some(Amount { 0: amount }) = amount.into() else {
            return;
        };
        if amount.scale() > digits_max && amount.normalize().scale() > digits_max {
            let unit = Decimal::new(1, digits_max);
            let message = format!("finer than the currency's smallest unit, {unit}");
            self.problems
                .push(Problem::held(Code::AmountScale, &path(), message));
        }
    }
}

/// Holds every amount of the body that is too fine.
pub(super) fn amounts(body: &Body, money: Money<'_>, problems: &mut Vec<Problem>) {
    let digits_max = currency::exponent(money.code);
    let mut scale = Scale {
        digits_max,
        problems,
    };
    match body {
        Body::Sale(sale) | Body::Return(sale) => of_sale(sale, &mut scale),
        Body::Void(void) => of_void(void, &mut scale),
        Body::DayOpen(open) => {
            for (index, opening) in open.opening.iter().enumerate() {
                scale.amount(opening.amount, || format!("body.opening[{index}].amount"));
            }
        }
        Body::DayClose(close) => of_close(close, &mut scale),
        Body::CashMovement(movement) => {
            scale.amount(movement.amount, || "body.amount".to_owned());
            if let Some(foreign) = &movement.foreign {
                let path = || "body.foreign.amount".to_owned();
                scale.foreign(foreign.currency.as_str(), foreign.amount, path);
            }
        }
        Body::TillActivity(activity) => scale.amount(activity.amount, || "body.amount".to_owned()),
        Body::Settlement(settlement) => of_settlement(settlement, &mut scale),
        Body::StockCount(_) | Body::StockMove(_) | Body::Pickup(_) => {}
    }
}

fn of_sale(sale: &Sale, scale: &mut Scale<'_>) {
    for (list, lines) in [("lines", &sale.lines), ("voided_lines", &sale.voided_lines)] {
        for (index, line) in lines.iter().enumerate() {
            of_line(line, |field| format!("body.{list}[{index}].{field}"), scale);
        }
    }
    for (index, tax) in sale.taxes.iter().enumerate() {
        scale.amount(tax.base, || format!("body.taxes[{index}].base"));
        scale.amount(tax.amount, || format!("body.taxes[{index}].amount"));
    }
    scale.amount(sale.tax_total, || "body.tax_total".to_owned());
    scale.amount(sale.total, || "body.total".to_owned());
    scale.amount(sale.cash_rounding, || "body.cash_rounding".to_owned());
    for (index, tender) in sale.tenders.iter().enumerate() {
        of_tender(tender, || format!("body.tenders[{index}]"), scale);
    }
    scale.amount(sale.change, || "body.change".to_owned());
}

fn of_line(line: &Line, path: impl Fn(&str) -> String, scale: &mut Scale<'_>) {
    let price = |price: &Price| Exact(price.0);
    scale.amount(line.list_price.as_ref().map(price), || path("list_price"));
    let changed = line.price_override.as_ref();
    let original = changed.and_then(|changed| changed.original);
    scale.amount(original, || path("price_override.original"));
    for (at, discount) in line.discounts.iter().enumerate() {
        scale.amount(discount.amount, || path(&format!("discounts[{at}].amount")));
    }
    for (at, tax) in line.taxes.iter().flatten().enumerate() {
        scale.amount(tax.amount, || path(&format!("taxes[{at}].amount")));
    }
    scale.amount(line.net, || path("net"));
    scale.amount(line.tax, || path("tax"));
    scale.amount(line.total, || path("total"));
}

fn of_tender(tender: &Tender, path: impl Fn() -> String, scale: &mut Scale<'_>) {
    scale.amount(tender.amount, || format!("{}.amount", path()));
    scale.amount(tender.tip, || format!("{}.tip", path()));
    scale.amount(tender.cashback, || format!("{}.cashback", path()));
    if let Some(foreign) = &tender.foreign {
        let path = || format!("{}.foreign.amount", path());
        scale.foreign(foreign.currency.as_str(), foreign.amount, path);
    }
}

fn of_void(void: &Void, scale: &mut Scale<'_>) {
    scale.amount(void.cash_rounding, || "body.cash_rounding".to_owned());
    for (index, tender) in void.refund_tenders.iter().flatten().enumerate() {
        of_tender(tender, || format!("body.refund_tenders[{index}]"), scale);
    }
}

fn of_close(close: &DayClose, scale: &mut Scale<'_>) {
    if let Some(sales) = &close.sales {
        let path = |field: &str| format!("body.sales.{field}");
        scale.amount(sales.gross, || path("gross"));
        scale.amount(sales.returns, || path("returns"));
        scale.amount(sales.discounts, || path("discounts"));
        scale.amount(sales.tax, || path("tax"));
        for (index, tax) in sales.by_tax.iter().enumerate() {
            scale.amount(tax.base, || path(&format!("by_tax[{index}].base")));
            scale.amount(tax.amount, || path(&format!("by_tax[{index}].amount")));
        }
    }
    for (index, tender) in close.tenders.iter().enumerate() {
        let path = |field: &str| format!("body.tenders[{index}].{field}");
        scale.amount(tender.expected, || path("expected"));
        scale.amount(tender.counted, || path("counted"));
        scale.amount(tender.difference, || path("difference"));
        if let Some(foreign) = &tender.foreign {
            let code = foreign.currency.as_str();
            scale.foreign(code, foreign.expected, || path("foreign.expected"));
            scale.foreign(code, foreign.counted, || path("foreign.counted"));
        }
    }
    if let Some(drawer) = &close.drawer {
        scale.amount(drawer.opening, || "body.drawer.opening".to_owned());
        scale.amount(drawer.r#in, || "body.drawer.in".to_owned());
        scale.amount(drawer.out, || "body.drawer.out".to_owned());
        scale.amount(drawer.closing, || "body.drawer.closing".to_owned());
    }
}

fn of_settlement(settlement: &Settlement, scale: &mut Scale<'_>) {
    for (index, total) in settlement.totals.iter().enumerate() {
        scale.amount(total.amount, || format!("body.totals[{index}].amount"));
    }
    scale.amount(settlement.fees, || "body.fees".to_owned());
    for (index, item) in settlement.items.iter().enumerate() {
        scale.amount(item.amount, || format!("body.items[{index}].amount"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::document::Kind;
    use crate::sample::{full, problems, with};

    /// Every decimal of a document that is money, by its last name.
    const MONEY: [&str; 23] = [
        "amount",
        "base",
        "cash_rounding",
        "cashback",
        "change",
        "closing",
        "counted",
        "difference",
        "discounts",
        "expected",
        "fees",
        "gross",
        "in",
        "list_price",
        "net",
        "opening",
        "original",
        "out",
        "returns",
        "tax",
        "tax_total",
        "tip",
        "total",
    ];

    fn decimals(value: &Value, pointer: String, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(name, value)| decimals(value, format!("{pointer}/{name}"), found)),
            Value::Array(list) => list.iter().enumerate().for_each(|(index, value)| {
                decimals(value, format!("{pointer}/{index}"), found);
            }),
            Value::String(text) => {
                if text.contains('.') && text.parse::<f64>().is_ok() {
                    found.push(pointer);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn path(pointer: &str) -> String {
        let step = |step: &str| match step.parse::<usize>() {
            Ok(index) => format!("[{index}]"),
            Err(_) => format!(".{step}"),
        };
        let path: String = pointer.split('/').skip(1).map(step).collect();
        path[1..].to_owned()
    }

    #[test]
    fn every_amount_finer_than_a_cent_is_held_and_nothing_else() {
        for kind in Kind::ALL {
            let mut pointers = Vec::new();
            decimals(&full(*kind)["body"], "/body".to_owned(), &mut pointers);
            for pointer in &pointers {
                let name = pointer.rsplit('/').next().unwrap();
                let given = full(*kind)
                    .pointer(pointer)
                    .unwrap()
                    .as_str()
                    .unwrap()
                    .to_owned();
                let expected = format!("held amount_scale {}", path(pointer));
                let finer = problems(with(full(*kind), pointer, format!("{given}01")));
                assert_eq!(
                    finer.contains(&expected),
                    MONEY.contains(&name),
                    "{kind} {pointer}"
                );
                let longer = problems(with(full(*kind), pointer, format!("{given}00")));
                assert_eq!(
                    longer,
                    Vec::<String>::new(),
                    "trailing zeros, {kind} {pointer}"
                );
            }
        }
    }

    #[test]
    fn foreign_money_has_its_own_smallest_unit() {
        let yen = |amount: &str| {
            let foreign = serde_json::json!({"currency": "JPY", "amount": amount, "rate": "1"});
            with(full(Kind::CashMovement), "/body/foreign", foreign)
        };
        assert_eq!(problems(yen("93")), Vec::<String>::new());
        assert_eq!(
            problems(yen("93.5")),
            ["held amount_scale body.foreign.amount"]
        );
    }
}
