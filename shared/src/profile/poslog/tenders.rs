//! How a receipt was paid: every dialect's way of writing change, refunds and cashback, brought to one.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Transaction;
use super::money::{amount, plain};
use super::tree::Node;

/// One payment of a receipt.
#[derive(Debug)]
pub struct Tender {
    /// Where its element begins.
    pub at: usize,
    /// What the document says of it, but for the amount.
    json: Map<String, Value>,
    /// Received positive, paid back negative.
    pub amount: Decimal,
    cash: bool,
    /// Change that stands within the tender.
    change: Decimal,
    cashback: Decimal,
    /// The tender is nothing but change.
    is_change: bool,
    rounding: Decimal,
}

/// All payments, and what was given back.
#[derive(Debug, Default)]
pub struct Payment {
    /// The payments.
    pub tenders: Vec<Tender>,
    /// Cash given back.
    pub change: Decimal,
    /// What rounding to coins added or took off.
    pub rounding: Decimal,
}

/// The contract's type and the method for what a till calls a tender.
const TYPES: [(&str, &str, &str); 22] = [
    ("Cash", "cash", "CASH"),
    ("ForeignCurrency", "cash", "CASH"),
    ("CreditDebit", "card", "CARD"),
    ("Credit", "card", "CARD"),
    ("Debit", "card", "CARD"),
    ("DebitCard", "card", "CARD"),
    ("CreditCard", "card", "CARD"),
    ("Card", "card", "CARD"),
    ("EBT", "card", "EBT"),
    ("Check", "cheque", "CHEQUE"),
    ("Cheque", "cheque", "CHEQUE"),
    ("TravelersCheck", "cheque", "CHEQUE"),
    ("Voucher", "voucher", "VOUCHER"),
    ("Coupon", "voucher", "COUPON"),
    ("ManufacturerCoupon", "voucher", "COUPON"),
    ("GiftCertificate", "gift_card", "GIFT_CARD"),
    ("GiftCard", "gift_card", "GIFT_CARD"),
    ("StoredValue", "gift_card", "GIFT_CARD"),
    ("CustomerAccount", "on_account", "ON_ACCOUNT"),
    ("AccountsReceivable", "on_account", "ON_ACCOUNT"),
    ("MobilePayment", "mobile", "MOBILE"),
    ("LoyaltyPoints", "loyalty", "LOYALTY"),
];

/// Type and method of a tender.
pub fn named(transaction: &Transaction<'_>, tender: &Node) -> (String, String) {
    let kind = tender
        .attribute("TenderType")
        .or_else(|| tender.text_at(&["TenderType"]));
    let number = tender.text_at(&["TenderID", "PaymentTypeExternalId"]);
    let map = &transaction.settings.tender_map;
    let mapped = [number, kind]
        .into_iter()
        .flatten()
        .find_map(|word| map.get(word));
    if let Some(name) = mapped {
        return (name.kind.clone(), name.method.clone());
    }
    let kind = kind.unwrap_or_default();
    let known = TYPES
        .iter()
        .find(|(word, ..)| word.eq_ignore_ascii_case(kind));
    match known {
        Some((_, kind, method)) => ((*kind).to_owned(), (*method).to_owned()),
        None => {
            let method = number.or(Some(kind)).filter(|word| !word.is_empty());
            ("other".to_owned(), method.unwrap_or("OTHER").to_owned())
        }
    }
}

/// The tender of a `LineItem`, if it is one.
pub fn read(
    transaction: &Transaction<'_>,
    item: &Node,
    currency: &str,
    unit: Decimal,
) -> Option<Tender> {
    let tender = item.child("Tender")?;
    if item.flag("VoidFlag") || item.flag("CancelFlag") {
        return None;
    }
    let (kind, method) = named(transaction, tender);
    let stated = tender
        .number_at(&["Amount", "TenderAmount"])
        .unwrap_or_default();
    let refund = matches!(tender.attribute("TypeCode"), Some("Refund" | "Return"));
    let is_change = tender.flag("ChangeFlag") || item.flag("ChangeFlag");
    let sum = if refund || is_change {
        -stated.abs()
    } else {
        stated
    };
    let mut json = Map::new();
    json.insert("type".to_owned(), kind.clone().into());
    json.insert("method".to_owned(), method.into());
    if let Some(foreign) = foreign(tender, currency) {
        json.insert("foreign".to_owned(), foreign);
    }
    if kind == "card"
        && let Some(card) = card(tender)
    {
        json.insert("card".to_owned(), card);
    }
    let reference = tender.text_at(&[
        "Voucher/SerialNumber",
        "GiftCertificate/SerialNumber",
        "Check/CheckNumber",
    ]);
    if let Some(reference) = reference {
        json.insert("reference".to_owned(), reference.into());
    }
    let tip = tender
        .number_at(&["TipAmount", "Tip/Amount", "Gratuity"])
        .filter(|tip| !tip.is_zero());
    if let Some(tip) = tip {
        json.insert("tip".to_owned(), amount(tip, unit));
    }
    Some(Tender {
        at: item.at,
        json,
        amount: sum,
        cash: kind == "cash",
        change: nested_change(tender),
        cashback: tender
            .number_at(&["Cashback", "CashbackAmount", "Cashback/Amount"])
            .unwrap_or_default()
            .abs(),
        is_change,
        rounding: tender.number_at(&["Rounding"]).unwrap_or_default(),
    })
}

fn nested_change(tender: &Node) -> Decimal {
    let parts = tender.all("TenderChange");
    parts
        .filter_map(|part| part.number_at(&["Amount"]))
        .map(|part| part.abs())
        .sum()
}

fn foreign(tender: &Node, currency: &str) -> Option<Value> {
    let part = tender.child("ForeignCurrency")?;
    let code = part.text_at(&["CurrencyCode"])?;
    let rate = part.number_at(&["ExchangeRate"])?;
    let face = part.number_at(&["OriginalFaceAmount", "Amount"])?;
    (code != currency)
        .then(|| json!({"currency": code, "amount": plain(face), "rate": plain(rate)}))
}

/// What may be kept of a card.
fn card(tender: &Node) -> Option<Value> {
    let mut card = Map::new();
    let mut put = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            card.insert(name.to_owned(), text.into());
        }
    };
    let details = tender.child("CreditDebit");
    put(
        "brand",
        details.and_then(|details| details.attribute("CardType")),
    );
    let number =
        details.and_then(|details| details.text_at(&["PrimaryAccountNumber", "CardNumber"]));
    let digits: String = number.unwrap_or_default().chars().rev().take(4).collect();
    let last: String = digits.chars().rev().collect();
    put(
        "last4",
        Some(last.as_str())
            .filter(|last| last.len() == 4 && last.bytes().all(|b| b.is_ascii_digit())),
    );
    put(
        "auth_code",
        tender.text_at(&["Authorization/AuthorizationCode"]),
    );
    put(
        "reference",
        tender.text_at(&["Authorization/ReferenceNumber"]),
    );
    put(
        "terminal",
        tender.text_at(&["Authorization/TerminalID", "TerminalID"]),
    );
    (!card.is_empty()).then_some(Value::Object(card))
}

/// Change that stands in a `LineItem` of its own.
pub fn own_change(item: &Node) -> Option<Decimal> {
    let change = item.child("TenderChange")?;
    let within = change
        .all("TenderChange")
        .filter_map(|part| part.number_at(&["Amount"]));
    let within: Decimal = within.map(|part| part.abs()).sum();
    let stated = || change.number_at(&["Amount"]).map(|stated| stated.abs());
    if within.is_zero() {
        stated()
    } else {
        Some(within)
    }
}

/// Puts tenders, change and rounding together so that they pay what is owed. `change` is what stood in lines of its
/// own, `rounding` what the receipt says of it.
pub fn settle(tenders: Vec<Tender>, change: Decimal, rounding: Decimal, owed: Decimal) -> Payment {
    let mut payment = Payment {
        change,
        rounding,
        ..Payment::default()
    };
    let cashback: Decimal = tenders.iter().map(|tender| tender.cashback).sum();
    let mut cashback_left = cashback;
    let received = tenders.iter().any(|tender| tender.amount > Decimal::ZERO);
    for mut tender in tenders {
        let back = -tender.amount;
        // What the card gave out in cash stands on the card already.
        if tender.cash && back > Decimal::ZERO && back == cashback_left {
            cashback_left = Decimal::ZERO;
            continue;
        }
        let nothing_but_change = tender.is_change
            || (tender.cash && received && back > Decimal::ZERO && owed >= Decimal::ZERO)
            || (back > Decimal::ZERO && tender.change == back);
        if nothing_but_change {
            payment.change += back;
            continue;
        }
        payment.change += tender.change;
        tender.change = Decimal::ZERO;
        payment.tenders.push(tender);
    }
    balance(&mut payment, owed, cashback);
    payment
}

/// Where a dialect leaves open whether an amount is before or after, the sum that is owed decides.
fn balance(payment: &mut Payment, owed: Decimal, cashback: Decimal) {
    let paid: Decimal = payment.tenders.iter().map(|tender| tender.amount).sum();
    let net = paid - cashback - payment.change;
    if payment.rounding.is_zero() {
        let each: Decimal = payment.tenders.iter().map(|tender| tender.rounding).sum();
        payment.rounding = each;
    }
    for rounding in [payment.rounding, -payment.rounding, Decimal::ZERO] {
        if net == owed + rounding {
            payment.rounding = rounding;
            return;
        }
    }
    // The amounts were without the change: what was handed over is more.
    if paid - cashback == owed + payment.rounding
        && !payment.change.is_zero()
        && let Some(cash) = payment.tenders.iter_mut().find(|tender| tender.cash)
    {
        cash.amount += payment.change;
    }
}

impl Tender {
    /// As the document says it.
    pub fn json(mut self, unit: Decimal) -> Value {
        self.json
            .insert("amount".to_owned(), amount(self.amount, unit));
        if !self.cashback.is_zero() {
            self.json
                .insert("cashback".to_owned(), amount(self.cashback, unit));
        }
        Value::Object(self.json)
    }
}
