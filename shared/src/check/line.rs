//! The lines of a receipt, each by itself: signs, arithmetic, lots, barcodes, where returned goods come from.

use rust_decimal::Decimal;

use super::{Money, line_path, opposite, tax};
use crate::document::Kind;
use crate::document::sale::{Line, LineType, Lot, PriceMode, Product};
use crate::problem::{Code, Problem};

/// How finely goods are weighed, as a part of a unit: half of it times the price may be rounded away.
const WEIGHING_STEP: Decimal = Decimal::from_parts(1, 0, 0, false, 3);

/// Everything that is held or flagged in one line.
pub(super) fn check(
    kind: Kind,
    prices: PriceMode,
    index: usize,
    line: &Line,
    money: Money<'_>,
    problems: &mut Vec<Problem>,
) {
    signs(kind, index, line, problems);
    problems.extend(tax::check_line(index, line, money));
    problems.extend(arithmetic(index, line, money));
    problems.extend(net(prices, index, line, money));
    problems.extend(lots(index, &line.lots, line.quantity.0));
    problems.extend(barcode(index, &line.product));
    let returned = line.r#type == LineType::Item && line.quantity.0.is_sign_negative();
    if returned && line.returned_from.is_none() {
        let message = "goods come back without the receipt they were sold with";
        let path = line_path(index, "returned_from");
        problems.push(Problem::flag(Code::BlindReturn, &path, message));
    }
}

/// The quantity carries the sign, and all else of the line has it too.
fn signs(kind: Kind, index: usize, line: &Line, problems: &mut Vec<Problem>) {
    let mut held = |field: &str, message: &str| {
        let path = line_path(index, field);
        problems.push(Problem::held(Code::SignMismatch, &path, message));
    };
    let quantity = line.quantity.0;
    let positive = quantity > Decimal::ZERO;
    if kind == Kind::Return && line.r#type == LineType::Item && positive {
        held("quantity", "goods in a return have a negative quantity");
    }
    if kind == Kind::Sale && line.r#type == LineType::Discount && positive {
        held("quantity", "a discount line in a sale has the quantity -1");
    }
    if line.unit_price.0.is_sign_negative() {
        held(
            "unit_price",
            "a price is never negative; the quantity carries the sign",
        );
    }
    if opposite(line.total.0, quantity) {
        held("total", "the total has the quantity's sign");
    }
    for (at, discount) in line.discounts.iter().enumerate() {
        if opposite(discount.amount.0, quantity) {
            held(
                &format!("discounts[{at}].amount"),
                "a discount has its line's sign",
            );
        }
    }
    let taxes = line.taxes.iter().flatten().enumerate();
    for (at, tax) in taxes {
        if tax
            .amount
            .is_some_and(|amount| opposite(amount.0, quantity))
        {
            held(&format!("taxes[{at}].amount"), "a tax has its line's sign");
        }
    }
    for (field, amount) in [("net", line.net), ("tax", line.tax)] {
        if amount.is_some_and(|amount| opposite(amount.0, quantity)) {
            held(field, "net and tax have their line's sign");
        }
    }
}

/// `total` = quantity x unit price - discounts, up to the rounding of money and of weighing.
fn arithmetic(index: usize, line: &Line, money: Money<'_>) -> Option<Problem> {
    let expected = line.quantity.0 * line.unit_price.0 - line.discount();
    let weighed = !line.quantity.0.fract().is_zero();
    let weighing = line.unit_price.0.abs() * WEIGHING_STEP / Decimal::TWO;
    let tolerance = if weighed {
        money.unit.max(weighing)
    } else {
        money.unit
    };
    let message = "the total is not quantity times unit price less discounts";
    ((line.total.0 - expected).abs() > tolerance)
        .then(|| Problem::flag(Code::LineMismatch, &line_path(index, "total"), message))
}

/// What a line comes to without tax fits what it comes to.
fn net(prices: PriceMode, index: usize, line: &Line, money: Money<'_>) -> Option<Problem> {
    let net = line.net?.0;
    let total = match prices {
        PriceMode::TaxIncluded => net + line.tax?.0,
        PriceMode::TaxExcluded => net,
    };
    let message = "the net amount does not fit the line's total";
    ((line.total.0 - total).abs() > money.unit)
        .then(|| Problem::flag(Code::LineMismatch, &line_path(index, "net"), message))
}

/// Lots are positive parts of the quantity, whichever way the goods go.
pub(super) fn lots(index: usize, lots: &[Lot], quantity: Decimal) -> Option<Problem> {
    let sum: Decimal = lots.iter().map(|lot| lot.quantity.0).sum();
    let message = "the quantities of the lots do not add up to the line's";
    (!lots.is_empty() && sum != quantity.abs())
        .then(|| Problem::flag(Code::LotsMismatch, &line_path(index, "lots"), message))
}

/// `4,00638E+12` is what a spreadsheet makes of a barcode; most of its digits are lost.
pub(super) fn barcode(index: usize, product: &Product) -> Option<Problem> {
    let (mantissa, exponent) = product.barcode.as_ref()?.as_str().split_once(['E', 'e'])?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let scientific = whole.len() == 1
        && digits(whole)
        && digits(fraction)
        && exponent.strip_prefix('+').is_some_and(digits);
    let message = "a spreadsheet turned the barcode into a number with an exponent";
    scientific.then(|| {
        Problem::flag(
            Code::BarcodeDamaged,
            &line_path(index, "product.barcode"),
            message,
        )
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::sample::{changed, goods_back, problems, sale};

    /// The sale's line with other fields, the rest of the sale fitting a total of 10.00.
    fn sale_with(fields: Value) -> Value {
        line_of(sale(), fields)
    }

    fn line_of(mut document: Value, fields: Value) -> Value {
        let line = document
            .pointer_mut("/body/lines/0")
            .unwrap()
            .as_object_mut()
            .unwrap();
        line.extend(fields.as_object().unwrap().clone());
        document
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn a_return_sells_no_goods_but_may_keep_a_fee_back() {
        let extra = |r#type: &str| {
            changed(
                goods_back(),
                &[
                    (
                        "/body/lines/-",
                        json!({"line": 2, "type": r#type, "product": {},
                    "quantity": "1", "unit_price": "1.00", "total": "1.00"}),
                    ),
                    ("/body/total", json!("-9.00")),
                    ("/body/tenders/0/amount", json!("-9.00")),
                ],
            )
        };
        assert_eq!(problems(extra("fee")), NONE);
        assert_eq!(
            problems(extra("item")),
            ["held sign_mismatch body.lines[1].quantity"]
        );
    }

    #[rstest]
    #[case("sale", "-1", "-10.00", &[])]
    #[case("sale", "1", "10.00", &["held sign_mismatch body.lines[0].quantity"])]
    #[case("return", "1", "10.00", &[])]
    fn a_discount_line_in_a_sale_is_negative(
        #[case] kind: &str,
        #[case] quantity: &str,
        #[case] total: &str,
        #[case] expected: &[&str],
    ) {
        let line = json!({"type": "discount", "quantity": quantity, "total": total});
        let document = changed(
            sale_with(line),
            &[
                ("/kind", json!(kind)),
                ("/body/total", json!(total)),
                ("/body/tenders/0/amount", json!(total)),
            ],
        );
        assert_eq!(problems(document), expected);
    }

    #[rstest]
    #[case::discount(json!({"discounts": [{"amount": "2.00"}], "unit_price": "12"}), &[])]
    #[case::tax(json!({"taxes": [{"code": "V", "rate": "8.1", "amount": "0.75"}]}), &[])]
    #[case::negative_price(
        json!({"unit_price": "-1.00"}),
        &["held sign_mismatch body.lines[0].unit_price", "flag line_mismatch body.lines[0].total"]
    )]
    #[case::negative_discount(
        json!({"discounts": [{"amount": "1"}, {"amount": "-2"}], "unit_price": "9"}),
        &["held sign_mismatch body.lines[0].discounts[1].amount"]
    )]
    #[case::negative_tax(
        json!({"taxes": [{"code": "V", "rate": "8.1", "amount": "-0.75"}]}),
        &["held sign_mismatch body.lines[0].taxes[0].amount"]
    )]
    #[case::negative_tax_in_all(json!({"tax": "-0.75"}), &["held sign_mismatch body.lines[0].tax"])]
    #[case::negative_net(
        json!({"net": "-9.25"}),
        &["held sign_mismatch body.lines[0].net"]
    )]
    #[case::total_against_quantity(
        json!({"quantity": "-1", "type": "deposit"}),
        &["held sign_mismatch body.lines[0].total", "flag line_mismatch body.lines[0].total"]
    )]
    #[case::deposit_back(
        json!({"quantity": "-1", "type": "deposit", "total": "-10", "discounts": [{"amount": "-0"}]}),
        &["held total_mismatch body.total"]
    )]
    fn everything_in_a_line_has_the_quantitys_sign(#[case] line: Value, #[case] expected: &[&str]) {
        assert_eq!(problems(sale_with(line)), expected);
    }

    #[test]
    fn what_comes_back_has_negative_discounts_and_taxes() {
        let line = |discount: &str, tax: &str| {
            line_of(
                goods_back(),
                json!({"unit_price": "12.00", "discounts": [{"amount": discount}],
                "taxes": [{"code": "V", "rate": "8.1", "amount": tax}]}),
            )
        };
        assert_eq!(problems(line("-2.00", "-0.75")), NONE);
        let expected = [
            "held sign_mismatch body.lines[0].discounts[0].amount",
            "held sign_mismatch body.lines[0].taxes[0].amount",
            "flag line_mismatch body.lines[0].total",
        ];
        assert_eq!(problems(line("2.00", "0.75")), expected);
    }

    #[rstest]
    #[case::exact("1", "10.00", &[])]
    #[case::a_unit("1", "10.01", &[])]
    #[case::more("1", "10.02", &["flag line_mismatch body.lines[0].total"])]
    #[case::divided("3", "3.33333333", &[])]
    #[case::weighed("0.5", "20.02", &[])]
    #[case::weighed_badly("0.5", "20.03", &["flag line_mismatch body.lines[0].total"])]
    #[case::weighed_and_dear("0.005", "2000.00", &[])]
    #[case::weighed_half_a_gram_off("0.0049", "2060.00", &[])]
    #[case::pieces_are_not_weighed("2", "5.06", &["flag line_mismatch body.lines[0].total"])]
    fn quantity_times_price_is_the_total(
        #[case] quantity: &str,
        #[case] unit_price: &str,
        #[case] expected: &[&str],
    ) {
        let line = json!({"quantity": quantity, "unit_price": unit_price});
        assert_eq!(problems(sale_with(line)), expected);
    }

    #[rstest]
    #[case("tax_included", json!({"net": "9.25", "tax": "0.75"}), &[])]
    #[case("tax_included", json!({"net": "9.24", "tax": "0.75"}), &[])]
    #[case("tax_included", json!({"net": "9.20", "tax": "0.75"}), &["flag line_mismatch body.lines[0].net"])]
    #[case("tax_included", json!({"net": "9.20"}), &[])]
    #[case("tax_excluded", json!({"net": "10.00"}), &[])]
    #[case("tax_excluded", json!({"net": "9.25"}), &["flag line_mismatch body.lines[0].net"])]
    fn the_net_amount_fits_the_total(
        #[case] prices: &str,
        #[case] line: Value,
        #[case] expected: &[&str],
    ) {
        let changes = [
            ("/body/prices", json!(prices)),
            ("/body/tax_total", json!("0.00")),
        ];
        let document = match prices {
            "tax_included" => sale_with(line),
            _ => changed(sale_with(line), &changes),
        };
        assert_eq!(problems(document), expected);
    }

    #[rstest]
    #[case(json!([]), &[])]
    #[case(json!([{"serial": "S1", "quantity": "1"}]), &[])]
    #[case(json!([{"lot": "L1", "quantity": "0.4"}, {"lot": "L2", "quantity": "0.6"}]), &[])]
    #[case(json!([{"lot": "L1", "quantity": "0.4"}]), &["flag lots_mismatch body.lines[0].lots"])]
    fn lots_add_up_to_the_quantity(#[case] lots: Value, #[case] expected: &[&str]) {
        let lots = json!({ "lots": lots });
        assert_eq!(problems(sale_with(lots.clone())), expected);
        assert_eq!(problems(line_of(goods_back(), lots)), expected);
    }

    #[rstest]
    #[case("7610200000000", false)]
    #[case("7,6102E+12", true)]
    #[case("7.6102e+12", true)]
    #[case("7E+12", true)]
    #[case("17E+12", false)]
    #[case("ABC+12", false)]
    #[case("7.E+12", false)]
    #[case("7E12", false)]
    fn a_barcode_that_a_spreadsheet_destroyed_is_flagged(
        #[case] barcode: &str,
        #[case] damaged: bool,
    ) {
        let line = json!({"product": {"barcode": barcode}});
        let expected = ["flag barcode_damaged body.lines[0].product.barcode"];
        assert_eq!(problems(sale_with(line)), expected[..usize::from(damaged)]);
    }

    #[test]
    fn goods_that_come_back_without_a_receipt_are_flagged() {
        let blind = |origin: Value| line_of(goods_back(), json!({ "returned_from": origin }));
        let expected = ["flag blind_return body.lines[0].returned_from"];
        assert_eq!(problems(blind(Value::Null)), expected);
        assert_eq!(problems(blind(json!({"receipt_number": "A"}))), NONE);
        let empties = line_of(blind(Value::Null), json!({"type": "deposit"}));
        assert_eq!(problems(empties), NONE);
    }
}
