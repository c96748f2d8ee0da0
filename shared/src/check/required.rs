//! What a document must say, beyond the shape of its fields, to be understood at all.

use crate::document::day::{DayClose, DayOpen, Settlement};
use crate::document::sale::{Line, Origin, PriceMode, Sale, Void};
use crate::document::{Body, Document};
use crate::problem::{Code, Problem};

/// Words that stand where a till's code stands in the keys of documents without a till.
pub const TILLS_RESERVED: [&str; 4] = ["settlement", "stock_count", "stock_move", "pickup"];

/// What is missing; for each of these the document is refused.
pub fn required(document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    let head = &document.head;
    match &head.till {
        None if head.kind.uses_till_number() => {
            problems.push(missing("till", "a document of this kind names its till"));
        }
        Some(till) if TILLS_RESERVED.contains(&till.as_str()) => {
            let message = format!("no till may be called {}", TILLS_RESERVED.join(", "));
            problems.push(Problem::refused(Code::BadValue, "till", message));
        }
        None | Some(_) => {}
    }
    if head.schema.is_some_and(|schema| schema.0 < 1) {
        problems.push(Problem::refused(
            Code::BadValue,
            "schema",
            "the first schema is 1",
        ));
    }
    if head.currency.is_none() && holds_money(&document.body) {
        problems.push(missing(
            "currency",
            "a document with money in it names its currency",
        ));
    }
    match &document.body {
        Body::Sale(sale) | Body::Return(sale) => of_sale(sale, &mut problems),
        Body::Void(void) => problems.extend(unclear_origin("body.of", &void.of)),
        Body::DayOpen(_)
        | Body::DayClose(_)
        | Body::CashMovement(_)
        | Body::TillActivity(_)
        | Body::Settlement(_)
        | Body::StockCount(_)
        | Body::StockMove(_)
        | Body::Pickup(_) => {}
    }
    problems
}

fn missing(path: &str, message: &str) -> Problem {
    Problem::refused(Code::MissingField, path, message)
}

fn of_sale(sale: &Sale, problems: &mut Vec<Problem>) {
    if sale.prices == PriceMode::TaxExcluded && sale.tax_total.is_none() {
        let message = "where prices are without tax, the tax in all must be given";
        problems.push(missing("body.tax_total", message));
    }
    let mut origins = |name: &str, lines: &[Line]| {
        for (index, line) in lines.iter().enumerate() {
            let path = || format!("body.{name}[{index}].returned_from");
            let origin = line.returned_from.as_ref();
            problems.extend(origin.and_then(|origin| unclear_origin(&path(), origin)));
        }
    };
    origins("lines", &sale.lines);
    origins("voided_lines", &sale.voided_lines);
}

fn unclear_origin(path: &str, origin: &Origin) -> Option<Problem> {
    let clear =
        origin.uid.is_some() || origin.sequence.is_some() || origin.receipt_number.is_some();
    (!clear).then(|| missing(path, "it needs a uid, a sequence or a receipt_number"))
}

/// Whether the body states any amount of money.
fn holds_money(body: &Body) -> bool {
    match body {
        Body::Sale(_) | Body::Return(_) | Body::CashMovement(_) => true,
        Body::Void(Void {
            refund_tenders,
            cash_rounding,
            ..
        }) => {
            cash_rounding.is_some() || refund_tenders.as_ref().is_some_and(|list| !list.is_empty())
        }
        Body::DayOpen(DayOpen { opening }) => !opening.is_empty(),
        Body::DayClose(DayClose {
            sales,
            tenders,
            drawer,
            ..
        }) => sales.is_some() || !tenders.is_empty() || drawer.is_some(),
        Body::TillActivity(activity) => activity.amount.is_some(),
        Body::Settlement(Settlement {
            totals,
            fees,
            items,
            ..
        }) => !totals.is_empty() || fees.is_some() || !items.is_empty(),
        Body::StockCount(_) | Body::StockMove(_) | Body::Pickup(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::document::Kind;
    use crate::sample::{changed, full, problems, sale, with, without};

    const NONE: [&str; 0] = [];

    #[test]
    fn kinds_that_use_a_tills_number_name_their_till() {
        for kind in Kind::ALL {
            let found = problems(without(full(*kind), "/till"));
            let expected = ["refused missing_field till"];
            let needed = usize::from(kind.uses_till_number());
            assert_eq!(found, expected[..needed], "{kind}");
        }
    }

    #[rstest]
    #[case("settlement")]
    #[case("stock_count")]
    #[case("stock_move")]
    #[case("pickup")]
    fn a_till_is_not_called_like_a_kind_without_tills(#[case] till: &str) {
        assert_eq!(
            problems(with(sale(), "/till", till)),
            ["refused bad_value till"]
        );
        let count = with(full(Kind::StockCount), "/till", till);
        assert_eq!(problems(count), ["refused bad_value till"]);
        assert!(problems(with(sale(), "/till", "sale")).is_empty());
    }

    #[rstest]
    #[case(json!(0), true)]
    #[case(json!(1), false)]
    #[case(json!("1"), false)]
    #[case(Value::Null, false)]
    fn there_is_no_schema_before_the_first(#[case] schema: Value, #[case] refused: bool) {
        let found = problems(with(sale(), "/schema", schema));
        assert_eq!(found, ["refused bad_value schema"][..usize::from(refused)]);
    }

    #[test]
    fn money_has_a_currency() {
        for kind in Kind::ALL {
            let money = !matches!(kind, Kind::StockCount | Kind::StockMove | Kind::Pickup);
            let found = problems(without(full(*kind), "/currency"));
            let expected = ["refused missing_field currency"];
            assert_eq!(found, expected[..usize::from(money)], "{kind}");
        }
    }

    #[rstest]
    #[case(Kind::Void, json!({"of": {"sequence": 1}}))]
    #[case(Kind::Void, json!({"of": {"sequence": 1}, "refund_tenders": []}))]
    #[case(Kind::DayOpen, json!({}))]
    #[case(Kind::DayClose, json!({"counts": {"receipts": 1}}))]
    #[case(Kind::TillActivity, json!({"type": "no_sale"}))]
    fn without_money_no_currency_is_needed(#[case] kind: Kind, #[case] body: Value) {
        assert_eq!(
            problems(without(with(full(kind), "/body", body), "/currency")),
            NONE
        );
    }

    #[rstest]
    #[case(Kind::Void, json!({"of": {"sequence": 1}, "cash_rounding": "0.01"}))]
    #[case(Kind::DayClose, json!({"sales": {"gross": "1", "returns": "0"}}))]
    #[case(Kind::DayClose, json!({"tenders": [{"method": "CASH", "counted": "1"}]}))]
    #[case(Kind::DayClose, json!({"drawer": {"opening": "1", "in": "0", "out": "0", "closing": "1"}}))]
    fn any_money_needs_a_currency(#[case] kind: Kind, #[case] body: Value) {
        let document = without(with(full(kind), "/body", body), "/currency");
        assert_eq!(problems(document), ["refused missing_field currency"]);
    }

    #[rstest]
    #[case(json!({"fees": "1.00"}))]
    #[case(json!({"items": [{"reference": "a", "amount": "1.00"}]}))]
    #[case(json!({"totals": [{"count": 1, "amount": "1.00"}]}))]
    fn any_money_of_a_settlement_needs_a_currency(#[case] money: Value) {
        let mut document = without(full(Kind::Settlement), "/currency");
        let body = document["body"].as_object_mut().unwrap();
        body.retain(|name, _| !["fees", "items", "totals"].contains(&name.as_str()));
        assert_eq!(problems(document.clone()), NONE);
        document["body"]
            .as_object_mut()
            .unwrap()
            .extend(money.as_object().unwrap().clone());
        assert_eq!(problems(document), ["refused missing_field currency"]);
    }

    #[test]
    fn prices_without_tax_need_the_tax_in_all() {
        let document = with(sale(), "/body/prices", "tax_excluded");
        assert_eq!(problems(document), ["refused missing_field body.tax_total"]);
    }

    #[rstest]
    #[case(json!({"uid": "4636ef54-b9db-52a8-b215-fe307dff173b"}), true)]
    #[case(json!({"sequence": 1}), true)]
    #[case(json!({"receipt_number": "1"}), true)]
    #[case(json!({"till": "3", "line": 1}), false)]
    #[case(json!({}), false)]
    fn an_origin_says_which_document_it_means(#[case] origin: Value, #[case] clear: bool) {
        let of = with(full(Kind::Void), "/body/of", origin.clone());
        assert_eq!(
            problems(of),
            ["refused missing_field body.of"][..usize::from(!clear)]
        );
        for list in ["lines", "voided_lines"] {
            let line = with(crate::sample::line(7), "/returned_from", origin.clone());
            let lines = changed(full(Kind::Sale), &[(&format!("/body/{list}/0"), line)]);
            let expected = format!("refused missing_field body.{list}[0].returned_from");
            assert_eq!(problems(lines).contains(&expected), !clear);
        }
    }
}
