//! A retail transaction: a sale, a return, the undoing of one, or a number that was used for nothing.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::head::Body;
use super::lines::{self, Line};
use super::money::{amount, unit};
use super::tenders::{self, Tender};
use super::tree::Node;
use super::{Poslog, Prices, Transaction, approvals, off, people};
use crate::problem::{Code, Problem};
use crate::profile::piece::Part;

/// The kind and body of a retail transaction.
pub fn body(
    transaction: &Transaction<'_>,
    retail: &Node,
    currency: &str,
    found: &mut Vec<Problem>,
    parts: &mut Vec<(Part, usize)>,
) -> Body {
    let unit = unit(currency);
    let total = total(retail, &transaction.settings.total);
    if let Some(word) = unused(transaction.node, retail) {
        return Ok(("till_activity", activity(word, total, unit)));
    }
    if let Some(of) = undone(transaction.node, retail) {
        return Ok(("void", json!({"of": of})));
    }
    let (kept, voided) = goods(transaction, retail, unit);
    let paid = payments(transaction, retail, currency, unit);
    if kept.is_empty() && paid.tenders.is_empty() && total.unwrap_or_default().is_zero() {
        return Ok(("till_activity", activity("cancelled", None, unit)));
    }
    let receipt = Receipt {
        node: transaction.node,
        retail,
        settings: transaction.settings,
        unit,
        found,
    };
    Ok(receipt.body(kept, voided, paid, total, parts))
}

/// Training, given up, parked: the number is used, and nothing moved.
pub fn unused(node: &Node, retail: &Node) -> Option<&'static str> {
    let flag = |names: &[&str]| {
        names
            .iter()
            .any(|name| node.flag(name) || retail.flag(name))
    };
    let status = retail
        .attribute("TransactionStatus")
        .or_else(|| node.attribute("TransactionStatus"));
    if flag(&["TrainingModeFlag"]) {
        Some("training")
    } else if flag(&["CancelFlag"])
        || matches!(status, Some("Canceled" | "Cancelled" | "Voided" | "Failed"))
    {
        Some("cancelled")
    } else if flag(&["SuspendFlag", "SuspendedFlag"])
        || matches!(status, Some("Suspended" | "Quotation"))
    {
        Some("suspended")
    } else {
        None
    }
}

fn activity(word: &str, total: Option<Decimal>, unit: Decimal) -> Value {
    match total {
        Some(total) => json!({"type": word, "amount": amount(total, unit)}),
        None => json!({"type": word}),
    }
}

/// The document that this one undoes as a whole.
fn undone(node: &Node, retail: &Node) -> Option<Value> {
    let status = retail.attribute("TransactionStatus");
    let word = |link: &&Node| matches!(link.attribute("ReasonCode"), Some("Void" | "PostVoid"));
    let own = || {
        [node, retail]
            .into_iter()
            .flat_map(|node| node.all("TransactionLink"))
    };
    let post_void = retail.child("PostVoid").or_else(|| own().find(word));
    let link = match (post_void, status) {
        (Some(link), _) => Some(link.child("TransactionLink").unwrap_or(link)),
        (None, Some("PostVoided" | "PostVoid")) => own().next(),
        (None, _) => None,
    };
    lines::origin(link?)
}

fn total(retail: &Node, wanted: &str) -> Option<Decimal> {
    let named = |node: &&Node| {
        node.attribute("TotalType")
            .is_some_and(|name| name == wanted)
    };
    retail.all("Total").find(named)?.number()
}

fn goods<'a>(
    transaction: &Transaction<'a>,
    retail: &'a Node,
    unit: Decimal,
) -> (Vec<Line<'a>>, Vec<Line<'a>>) {
    let items = retail.all("LineItem").enumerate();
    let lines = items.filter_map(|(position, item)| lines::read(transaction, item, position, unit));
    lines::without_voided(lines.collect(), transaction.settings.void_lines)
}

/// What was paid, before it is compared with what is owed.
struct Paid {
    tenders: Vec<Tender>,
    change: Decimal,
    rounding: Decimal,
}

fn payments(transaction: &Transaction<'_>, retail: &Node, currency: &str, unit: Decimal) -> Paid {
    let items = || retail.all("LineItem");
    let stated = |item: &Node| item.child("Rounding").and_then(Node::number);
    let rounding: Decimal = items().filter_map(stated).sum();
    let rounding = if rounding.is_zero() {
        total(retail, "RoundingAmount").unwrap_or_default()
    } else {
        rounding
    };
    Paid {
        tenders: items()
            .filter_map(|item| tenders::read(transaction, item, currency, unit))
            .collect(),
        change: items().filter_map(tenders::own_change).sum(),
        rounding,
    }
}

/// A receipt that is put together.
struct Receipt<'a> {
    node: &'a Node,
    retail: &'a Node,
    settings: &'a Poslog,
    unit: Decimal,
    found: &'a mut Vec<Problem>,
}

impl Receipt<'_> {
    fn body(
        mut self,
        kept: Vec<Line<'_>>,
        voided: Vec<Line<'_>>,
        paid: Paid,
        stated: Option<Decimal>,
        parts: &mut Vec<(Part, usize)>,
    ) -> (&'static str, Value) {
        let goods: Decimal = kept.iter().map(|line| line.total).sum();
        let tax = self.tax(&kept);
        let mut off = off::rewards(self.retail, self.settings.rewards);
        let with_rewards = goods - off.iter().map(|(_, off)| *off).sum::<Decimal>();
        let discounts = off::discounts(self.retail, self.unit, with_rewards, tax, stated);
        off.extend(discounts);
        let sum: Decimal = goods - off.iter().map(|(_, off)| *off).sum::<Decimal>();
        let excluded = self.excluded(sum, tax, stated);
        let total = stated.unwrap_or(if excluded {
            sum + tax.unwrap_or_default()
        } else {
            sum
        });
        self.compare_net(total, tax);
        let kind = kind(&kept);
        let mut body = Map::new();
        let prices = if excluded {
            "tax_excluded"
        } else {
            "tax_included"
        };
        body.insert("prices".to_owned(), prices.into());
        let numbered = !repeats(&kept);
        let lines = lines_of(kept, off, self.unit, parts);
        body.insert("lines".to_owned(), Value::Array(lines));
        if excluded || tax.is_some() {
            body.insert(
                "tax_total".to_owned(),
                amount(tax.unwrap_or_default(), self.unit),
            );
        }
        body.insert("total".to_owned(), amount(total, self.unit));
        self.payment(paid, total, &mut body, parts);
        people::add(self.retail, self.settings.loyalty_hashed, &mut body);
        let approvals = approvals::of(self.node, self.retail, numbered);
        if !approvals.is_empty() {
            body.insert("approvals".to_owned(), approvals.into());
        }
        for (index, line) in voided.iter().enumerate() {
            parts.push((Part::VoidedLine(index), line.at));
        }
        if !voided.is_empty() {
            let voided = voided.into_iter().map(|line| Value::Object(line.json));
            body.insert("voided_lines".to_owned(), voided.collect());
        }
        (kind, Value::Object(body))
    }

    /// The tax in all: as stated, else the document's own tax lines, else those of the goods.
    fn tax(&self, kept: &[Line<'_>]) -> Option<Decimal> {
        if let Some(stated) = total(self.retail, &self.settings.tax) {
            return Some(stated);
        }
        let own = self
            .retail
            .all("LineItem")
            .filter(|item| !item.flag("VoidFlag"));
        let own: Vec<Decimal> = own
            .filter_map(|item| item.find("Tax")?.number_at(&["Amount"]))
            .collect();
        if !own.is_empty() {
            return Some(own.iter().sum());
        }
        let of_lines: Vec<Decimal> = kept.iter().filter_map(|line| line.tax).collect();
        let exponent = self.unit.scale();
        (!of_lines.is_empty()).then(|| of_lines.iter().sum::<Decimal>().round_dp(exponent))
    }

    fn excluded(&self, sum: Decimal, tax: Option<Decimal>, stated: Option<Decimal>) -> bool {
        match self.settings.prices {
            Prices::TaxIncluded => false,
            Prices::TaxExcluded => true,
            Prices::Auto => match (tax, stated) {
                (Some(tax), Some(total)) => (sum + tax - total).abs() < (sum - total).abs(),
                (Some(_) | None, _) => false,
            },
        }
    }

    /// A till's own sums may differ by a cent: said, not held against it.
    fn compare_net(&mut self, total: Decimal, tax: Option<Decimal>) {
        let net = self::total(self.retail, &self.settings.net);
        if let (Some(net), Some(tax)) = (net, tax)
            && !(total - net - tax).is_zero()
        {
            let message = "the total is not the till's own net amount plus its tax";
            self.found
                .push(Problem::flag(Code::TaxMismatch, "body.tax_total", message));
        }
    }

    fn payment(
        &self,
        paid: Paid,
        total: Decimal,
        body: &mut Map<String, Value>,
        parts: &mut Vec<(Part, usize)>,
    ) {
        let payment = tenders::settle(paid.tenders, paid.change, paid.rounding, total);
        if !payment.rounding.is_zero() {
            body.insert(
                "cash_rounding".to_owned(),
                amount(payment.rounding, self.unit),
            );
        }
        let mut tenders = Vec::with_capacity(payment.tenders.len());
        for (index, tender) in payment.tenders.into_iter().enumerate() {
            parts.push((Part::Tender(index), tender.at));
            tenders.push(tender.json(self.unit));
        }
        body.insert("tenders".to_owned(), Value::Array(tenders));
        if !payment.change.is_zero() {
            body.insert("change".to_owned(), amount(payment.change, self.unit));
        }
    }
}

/// The lines with their numbers, and after them what comes off the receipt as a whole.
fn lines_of(
    kept: Vec<Line<'_>>,
    off: Vec<(String, Decimal)>,
    unit: Decimal,
    parts: &mut Vec<(Part, usize)>,
) -> Vec<Value> {
    let next = kept.iter().map(|line| line.number).max().unwrap_or(0) + 1;
    let repeated = repeats(&kept);
    let mut lines: Vec<Value> = Vec::with_capacity(kept.len() + off.len());
    for (index, mut line) in kept.into_iter().enumerate() {
        if repeated {
            line.json.insert("line".to_owned(), (index + 1).into());
        }
        parts.push((Part::Line(index), line.at));
        lines.push(Value::Object(line.json));
    }
    let start = if repeated {
        lines.len() as i64 + 1
    } else {
        next
    };
    for (index, (promotion, off)) in off.into_iter().enumerate() {
        lines.push(off::line(start + index as i64, &promotion, off, unit));
    }
    lines
}

fn kind(kept: &[Line<'_>]) -> &'static str {
    let mut goods = kept.iter().filter(|line| line.item).peekable();
    let some = goods.peek().is_some();
    if some && goods.all(|line| line.quantity.is_sign_negative()) {
        "return"
    } else {
        "sale"
    }
}

fn repeats(lines: &[Line<'_>]) -> bool {
    let mut numbers: Vec<i64> = lines.iter().map(|line| line.number).collect();
    numbers.sort_unstable();
    numbers.windows(2).any(|pair| pair[0] == pair[1])
}
