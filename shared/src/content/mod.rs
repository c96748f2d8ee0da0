//! When two documents say the same: a hash over what they mean, not over how they are written.
//!
//! Two documents with one key and one hash are one document sent twice; with one key and two hashes somebody must
//! look. So the hash leaves out what a resend may change without meaning anything (where it came from, the sender's
//! own fields, defaults filled in) and holds everything else. Hashes are kept for ten years: what goes into one must
//! not change, and a field that is added later must be left out where it is absent.

#[cfg(test)]
mod tests;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::document::sale::{Line, Origin, Tender};
use crate::document::stock::MissingMeans;
use crate::document::{Body, Document, Head, SERIES_DEFAULT};
use crate::scalar::{Amount, Code, Day, Text, Verbatim};
use crate::shape::{Form, Shape};

/// The unit of a line that names none.
pub const UNIT_DEFAULT: &str = "EA";
/// What is never content, at the top of a document.
const NOT_CONTENT: [&str; 6] = ["id", "key", "uid", "source", "ext", "schema"];

/// The hash of what a document says. `date_default` is the business date it would have if it named none.
pub fn hash(document: &Document, date_default: Day) -> [u8; 32] {
    let mut plain = document.clone();
    leave_out_defaults(&mut plain, date_default);
    digest(&plain.text(Form::Canonical))
}

/// The hash of a document of a later schema, of which only the JSON is known.
pub fn hash_of_json(document: &Value) -> [u8; 32] {
    let mut content = document.clone();
    if let Value::Object(object) = &mut content {
        object.retain(|name, _| !NOT_CONTENT.contains(&name.as_str()));
    }
    digest(&Verbatim(content).text(Form::Canonical))
}

fn digest(canonical: &str) -> [u8; 32] {
    Sha256::digest(canonical.as_bytes()).into()
}

fn leave_out_defaults(document: &mut Document, date_default: Day) {
    let head = &mut document.head;
    head.source = None;
    head.schema = None;
    head.series
        .take_if(|series| series.as_str() == SERIES_DEFAULT);
    head.business_date.take_if(|date| *date == date_default);
    match &mut document.body {
        Body::Sale(sale) | Body::Return(sale) => {
            leave_out_zero(&mut sale.cash_rounding);
            leave_out_zero(&mut sale.change);
            for line in sale.lines.iter_mut().chain(&mut sale.voided_lines) {
                plain_line(line, head);
            }
            sale.tenders.iter_mut().for_each(plain_tender);
        }
        Body::Void(void) => {
            plain_origin(&mut void.of, head);
            leave_out_zero(&mut void.cash_rounding);
            void.refund_tenders
                .iter_mut()
                .flatten()
                .for_each(plain_tender);
        }
        Body::StockCount(count) => {
            count
                .missing_means
                .take_if(|means| *means == MissingMeans::NotCounted);
            count
                .lines
                .iter_mut()
                .for_each(|line| plain_unit(&mut line.unit));
        }
        Body::StockMove(moved) => {
            moved
                .lines
                .iter_mut()
                .for_each(|line| plain_unit(&mut line.unit));
        }
        Body::DayOpen(_)
        | Body::DayClose(_)
        | Body::CashMovement(_)
        | Body::TillActivity(_)
        | Body::Settlement(_)
        | Body::Pickup(_) => {}
    }
}

fn plain_line(line: &mut Line, head: &Head) {
    plain_unit(&mut line.unit);
    if let Some(origin) = &mut line.returned_from {
        plain_origin(origin, head);
    }
}

fn plain_tender(tender: &mut Tender) {
    leave_out_zero(&mut tender.tip);
    leave_out_zero(&mut tender.cashback);
}

/// Store, till and series of an origin default to the document's own.
fn plain_origin(origin: &mut Origin, head: &Head) {
    origin.store.take_if(|store| *store == head.store);
    origin
        .till
        .take_if(|till| Some(&*till) == head.till.as_ref());
    let own = head.series.as_ref().map_or(SERIES_DEFAULT, Code::as_str);
    origin.series.take_if(|series| series.as_str() == own);
}

fn plain_unit(unit: &mut Option<Text>) {
    unit.take_if(|unit| unit.as_str() == UNIT_DEFAULT);
}

fn leave_out_zero(amount: &mut Option<Amount>) {
    amount.take_if(|amount| amount.0.is_zero());
}
