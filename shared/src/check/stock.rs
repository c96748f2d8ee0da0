//! Whether counts, moves and pickups are plausible.

use rust_decimal::Decimal;

use super::line::{barcode, lots};
use super::{line_path, repeated_lines};
use crate::document::sale::{Lot, Product};
use crate::document::stock::{CountMode, MissingMeans, MoveType, Pickup, StockCount, StockMove};
use crate::problem::{Code, Problem};

/// A count may correct itself with a negative quantity: the lines of a product add up.
pub(super) fn count(count: &StockCount, problems: &mut Vec<Problem>) {
    repeated_lines(count.lines.iter().map(|line| line.line.0), problems);
    for (index, line) in count.lines.iter().enumerate() {
        goods(index, &line.product, &line.lots, line.quantity.0, problems);
    }
    if count.missing_means == Some(MissingMeans::Zero) && count.mode != CountMode::Full {
        let message = "what was not counted is said to be none, but not everything was counted";
        problems.push(Problem::flag(
            Code::CountScope,
            "body.missing_means",
            message,
        ));
    }
}

/// The type says which way goods move, so only an adjustment has a sign.
pub(super) fn moved(moved: &StockMove, problems: &mut Vec<Problem>) {
    repeated_lines(moved.lines.iter().map(|line| line.line.0), problems);
    for (index, line) in moved.lines.iter().enumerate() {
        goods(index, &line.product, &line.lots, line.quantity.0, problems);
        if moved.r#type != MoveType::Adjustment {
            problems.extend(negative(index, line.quantity.0));
        }
    }
}

/// Everything that is held or flagged in a pickup.
pub(super) fn pickup(pickup: &Pickup, problems: &mut Vec<Problem>) {
    repeated_lines(pickup.lines.iter().map(|line| line.line.0), problems);
    for (index, line) in pickup.lines.iter().enumerate() {
        goods(index, &line.product, &line.lots, line.quantity.0, problems);
        problems.extend(negative(index, line.quantity.0));
    }
}

fn goods(
    index: usize,
    product: &Product,
    parts: &[Lot],
    quantity: Decimal,
    problems: &mut Vec<Problem>,
) {
    problems.extend(lots(index, parts, quantity));
    problems.extend(barcode(index, product));
}

fn negative(index: usize, quantity: Decimal) -> Option<Problem> {
    let message = "the quantity is positive; the type says which way the goods go";
    quantity
        .is_sign_negative()
        .then(|| Problem::held(Code::SignMismatch, &line_path(index, "quantity"), message))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::document::Kind;
    use crate::sample::{changed, full, problems, with};

    const STOCK: [Kind; 3] = [Kind::StockCount, Kind::StockMove, Kind::Pickup];

    #[test]
    fn full_stock_documents_have_no_problem() {
        for kind in STOCK {
            assert_eq!(problems(full(kind)), Vec::<String>::new(), "{kind}");
        }
    }

    #[test]
    fn goods_are_checked_in_every_kind() {
        for kind in STOCK {
            let second = full(kind)["body"]["lines"][0].clone();
            let document = changed(
                full(kind),
                &[
                    ("/body/lines/0/quantity", json!("4")),
                    ("/body/lines/0/product/barcode", json!("7,6E+12")),
                    ("/body/lines/-", second),
                ],
            );
            let expected = [
                "held repeated_line body.lines[1].line",
                "flag lots_mismatch body.lines[0].lots",
                "flag barcode_damaged body.lines[0].product.barcode",
            ];
            assert_eq!(problems(document), expected, "{kind}");
        }
    }

    #[rstest]
    #[case(Kind::StockMove, "waste", true)]
    #[case(Kind::StockMove, "transfer_out", true)]
    #[case(Kind::StockMove, "adjustment", false)]
    #[case(Kind::Pickup, "handed_over", true)]
    fn only_an_adjustment_has_a_sign(#[case] kind: Kind, #[case] r#type: &str, #[case] held: bool) {
        let document = changed(
            full(kind),
            &[
                ("/body/type", json!(r#type)),
                ("/body/lines/0/quantity", json!("-3")),
            ],
        );
        let expected = ["held sign_mismatch body.lines[0].quantity"];
        assert_eq!(problems(document), expected[..usize::from(held)]);
    }

    #[test]
    fn a_count_may_correct_itself() {
        let document = with(full(Kind::StockCount), "/body/lines/0/quantity", "-3");
        assert_eq!(problems(document), Vec::<String>::new());
    }

    #[rstest]
    #[case("spot", json!("zero"), true)]
    #[case("cycle", json!("zero"), true)]
    #[case("full", json!("zero"), false)]
    #[case("spot", json!("not_counted"), false)]
    #[case("spot", Value::Null, false)]
    fn only_a_full_count_says_that_the_rest_is_none(
        #[case] mode: &str,
        #[case] missing: Value,
        #[case] flagged: bool,
    ) {
        let changes = [
            ("/body/mode", json!(mode)),
            ("/body/missing_means", missing),
        ];
        let expected = ["flag count_scope body.missing_means"];
        let found = problems(changed(full(Kind::StockCount), &changes));
        assert_eq!(found, expected[..usize::from(flagged)]);
    }
}
