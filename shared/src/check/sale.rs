//! Whether a sale or return adds up: its lines to its total, its payments to what is owed.

use rust_decimal::Decimal;

use super::{Money, line, repeated_lines, tax, tender, within};
use crate::currency;
use crate::document::Kind;
use crate::document::sale::{LineType, PriceMode, Sale, Tender, TenderType, Void};
use crate::problem::{Code, Problem};

/// Everything that is held or flagged in a sale or return.
pub(super) fn check(kind: Kind, sale: &Sale, money: Money<'_>, problems: &mut Vec<Problem>) {
    repeated_lines(sale.lines.iter().map(|line| line.line.0), problems);
    for (index, line) in sale.lines.iter().enumerate() {
        line::check(kind, sale.prices, index, line, money, problems);
    }
    problems.extend(total(sale, money));
    tax::check(sale, money, problems);
    let with_cash = sale.change().is_sign_positive() && !sale.change().is_zero();
    let with_cash = with_cash || pays_cash(&sale.tenders);
    problems.extend(rounding(sale.cash_rounding(), with_cash, money));
    problems.extend(payment(sale, money));
    problems.extend(tip_twice(sale));
    if sale.change().is_sign_negative() {
        let message = "change is money given back, so it is never negative";
        problems.push(Problem::held(Code::SignMismatch, "body.change", message));
    }
    tender::check("body.tenders", &sale.tenders, money, problems);
}

/// Everything that is held or flagged in a void. Whether it fits what it undoes is seen where that is known.
pub(super) fn check_void(void: &Void, money: Money<'_>, problems: &mut Vec<Problem>) {
    let cash_rounding = void.cash_rounding.map_or(Decimal::ZERO, |amount| amount.0);
    // Without tenders of its own it reverses the original's, which may have been cash.
    let with_cash = void.refund_tenders.as_deref().is_none_or(pays_cash);
    problems.extend(rounding(cash_rounding, with_cash, money));
    if let Some(tenders) = &void.refund_tenders {
        tender::check("body.refund_tenders", tenders, money, problems);
    }
}

/// The lines, and the tax where they are without, make the total. A till may round every other line.
fn total(sale: &Sale, money: Money<'_>) -> Option<Problem> {
    let lines: Decimal = sale.lines.iter().map(|line| line.total.0).sum();
    let tax = match sale.prices {
        PriceMode::TaxIncluded => None,
        PriceMode::TaxExcluded => sale.tax_total.map(|tax| tax.0),
    };
    let total = sale.total.0;
    let difference = lines + tax.unwrap_or_default() - total;
    let tolerance = money.units(sale.lines.len().div_ceil(2));
    within(
        difference,
        tolerance,
        Code::TotalMismatch,
        "body.total",
        || match tax {
            None => format!("lines {lines} do not add up to the total {total}"),
            Some(tax) => format!("lines {lines} plus tax {tax} do not add up to the total {total}"),
        },
    )
}

fn pays_cash(tenders: &[Tender]) -> bool {
    tenders
        .iter()
        .any(|tender| tender.r#type == TenderType::Cash)
}

/// Only cash is rounded, and by no more than half a coin.
fn rounding(cash_rounding: Decimal, with_cash: bool, money: Money<'_>) -> Option<Problem> {
    let step = currency::cash_step(money.code);
    let message = if cash_rounding.is_zero() {
        return None;
    } else if !with_cash {
        "cash rounding, but nothing was paid or given back in cash".to_owned()
    } else if cash_rounding.abs() * Decimal::TWO > step {
        format!("cash rounding is more than half of {step}")
    } else {
        return None;
    };
    let path = "body.cash_rounding";
    Some(Problem::held(Code::RoundingMismatch, path, message))
}

/// What was paid, less what was given out again, is what was owed: to the smallest unit.
fn payment(sale: &Sale, money: Money<'_>) -> Option<Problem> {
    let sum = |amount: fn(&Tender) -> Decimal| -> Decimal {
        let zero = Decimal::new(0, money.unit.scale());
        sale.tenders
            .iter()
            .map(amount)
            .fold(zero, |sum, amount| sum + amount)
    };
    let paid = sum(|tender| tender.amount.0);
    let cashback = sum(|tender| tender.cashback.map_or(Decimal::ZERO, |amount| amount.0));
    let tips = sum(|tender| tender.tip.map_or(Decimal::ZERO, |amount| amount.0));
    let change = sale.change() + Decimal::new(0, money.unit.scale());
    let (total, rounding) = (sale.total.0, sale.cash_rounding());
    if paid - cashback - change - tips == total + rounding {
        return None;
    }
    let named = |name: &str, amount: Decimal| {
        if amount.is_zero() {
            String::new()
        } else {
            format!(" {name} {amount}")
        }
    };
    let message = format!(
        "tenders {paid} minus change {change}{}{} do not pay the total {total}{}",
        named("minus cashback", cashback),
        named("minus tips", tips),
        named("plus cash rounding", rounding),
    );
    Some(Problem::held(Code::TenderMismatch, "body.tenders", message))
}

/// A tip is on a tender, or it is a line, but the same money is not both.
fn tip_twice(sale: &Sale) -> Option<Problem> {
    let line = sale.lines.iter().any(|line| line.r#type == LineType::Tip);
    let tip = |tender: &Tender| tender.tip.is_some_and(|tip| !tip.0.is_zero());
    let tender = sale.tenders.iter().position(tip)?;
    let path = format!("body.tenders[{tender}].tip");
    let message = "a tip stands on a tender and as a line";
    line.then(|| Problem::flag(Code::TipTwice, &path, message))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::document::Kind;
    use crate::sample::{changed, full, goods_back, line, problems, sale, with, without};

    /// A sale of so many lines for 10.00 whose total is off by this much, paid in full.
    fn off_by(lines: i64, total: &str) -> Value {
        let lines: Vec<Value> = (1..=lines).map(line).collect();
        changed(
            sale(),
            &[
                ("/body/lines", json!(lines)),
                ("/body/total", json!(total)),
                ("/body/tenders/0/amount", json!(total)),
            ],
        )
    }

    #[rstest]
    #[case(1, "10.00", &[])]
    #[case(1, "10.01", &["flag total_mismatch body.total"])]
    #[case(1, "9.98", &["held total_mismatch body.total"])]
    #[case(2, "20.01", &["flag total_mismatch body.total"])]
    #[case(2, "20.02", &["held total_mismatch body.total"])]
    #[case(3, "29.98", &["flag total_mismatch body.total"])]
    #[case(3, "29.97", &["held total_mismatch body.total"])]
    #[case(0, "0.00", &[])]
    #[case(0, "0.01", &["held total_mismatch body.total"])]
    fn lines_make_the_total_up_to_a_unit_per_two_lines(
        #[case] lines: i64,
        #[case] total: &str,
        #[case] expected: &[&str],
    ) {
        assert_eq!(problems(off_by(lines, total)), expected);
    }

    #[rstest]
    #[case("10.81", "0.81", &[])]
    #[case("10.82", "0.81", &["flag total_mismatch body.total"])]
    #[case("10.00", "0.81", &["held total_mismatch body.total"])]
    fn tax_comes_on_top_where_prices_are_without(
        #[case] total: &str,
        #[case] tax: &str,
        #[case] expected: &[&str],
    ) {
        let document = changed(
            off_by(1, total),
            &[
                ("/body/prices", json!("tax_excluded")),
                ("/body/tax_total", json!(tax)),
            ],
        );
        assert_eq!(problems(document), expected);
    }

    #[test]
    fn a_currency_without_cents_has_a_unit_of_one() {
        let yen = |total: &str| with(off_by(1, total), "/currency", "JPY");
        assert_eq!(problems(yen("11")), ["flag total_mismatch body.total"]);
        assert_eq!(problems(yen("12")), ["held total_mismatch body.total"]);
    }

    #[test]
    fn a_full_sale_has_no_problem() {
        for kind in [Kind::Sale, Kind::Return, Kind::Void] {
            assert_eq!(problems(full(kind)), Vec::<String>::new(), "{kind}");
        }
    }

    #[rstest]
    #[case::too_little("9.95", "0.00", "0.00", &["held tender_mismatch body.tenders"])]
    #[case::too_much("10.05", "0.00", "0.00", &["held tender_mismatch body.tenders"])]
    #[case::one_unit("10.01", "0.00", "0.00", &["held tender_mismatch body.tenders"])]
    #[case::change("20.00", "10.00", "0.00", &[])]
    #[case::change_on_top("10.00", "10.00", "0.00", &["held tender_mismatch body.tenders"])]
    #[case::rounded_up("10.02", "0.00", "0.02", &[])]
    #[case::rounded_down("9.98", "0.00", "-0.02", &[])]
    #[case::half_a_coin("10.03", "0.00", "0.03", &["held rounding_mismatch body.cash_rounding"])]
    fn tenders_pay_what_is_owed(
        #[case] amount: &str,
        #[case] change: &str,
        #[case] rounding: &str,
        #[case] expected: &[&str],
    ) {
        let document = changed(
            sale(),
            &[
                ("/body/tenders/0/amount", json!(amount)),
                ("/body/change", json!(change)),
                ("/body/cash_rounding", json!(rounding)),
            ],
        );
        assert_eq!(problems(document), expected);
    }

    #[rstest]
    #[case::tip("12.00", json!({"tip": "2.00"}), &[])]
    #[case::tip_not_paid("10.00", json!({"tip": "2.00"}), &["held tender_mismatch body.tenders"])]
    #[case::cashback("60.00", json!({"cashback": "50.00"}), &[])]
    #[case::cashback_not_paid("10.00", json!({"cashback": "50.00"}), &["held tender_mismatch body.tenders"])]
    fn a_tenders_amount_holds_its_tip_and_cashback(
        #[case] amount: &str,
        #[case] extra: Value,
        #[case] expected: &[&str],
    ) {
        let mut tender = json!({"type": "card", "method": "CARD", "amount": amount});
        tender
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        assert_eq!(problems(with(sale(), "/body/tenders/0", tender)), expected);
    }

    #[test]
    fn the_message_says_what_was_paid_and_what_was_owed() {
        let document = changed(
            sale(),
            &[
                ("/body/lines/0/unit_price", json!("19.90")),
                ("/body/lines/0/total", json!("19.90")),
                ("/body/total", json!("19.90")),
                ("/body/tenders/0/amount", json!("20.00")),
            ],
        );
        let judged = crate::sample::judge(document);
        let expected = "tenders 20.00 minus change 0.00 do not pay the total 19.90";
        assert_eq!(judged.problems[0].message, expected);
    }

    #[test]
    fn nothing_is_paid_where_nothing_is_owed() {
        let document = changed(
            sale(),
            &[("/body/lines", json!([])), ("/body/total", json!("0"))],
        );
        assert_eq!(
            problems(with(document, "/body/tenders", json!([]))),
            Vec::<String>::new()
        );
        let unpaid = with(sale(), "/body/tenders", json!([]));
        assert_eq!(problems(unpaid), ["held tender_mismatch body.tenders"]);
    }

    #[test]
    fn only_cash_is_rounded() {
        let rounded = |tender: &str| {
            changed(
                sale(),
                &[
                    ("/body/tenders/0/type", json!(tender)),
                    ("/body/tenders/0/amount", json!("10.02")),
                    ("/body/cash_rounding", json!("0.02")),
                ],
            )
        };
        assert_eq!(problems(rounded("cash")), Vec::<String>::new());
        assert_eq!(
            problems(rounded("card")),
            ["held rounding_mismatch body.cash_rounding"]
        );
        // Change is given in cash, whatever was paid with.
        let change = changed(
            rounded("voucher"),
            &[
                ("/body/tenders/0/amount", json!("15.02")),
                ("/body/change", json!("5.00")),
            ],
        );
        assert_eq!(problems(change), Vec::<String>::new());
    }

    #[test]
    fn change_is_never_negative() {
        let document = changed(
            sale(),
            &[
                ("/body/tenders/0/amount", json!("5.00")),
                ("/body/change", json!("-5.00")),
            ],
        );
        assert_eq!(problems(document), ["held sign_mismatch body.change"]);
    }

    #[test]
    fn a_tip_is_not_on_a_tender_and_a_line_too() {
        let document = changed(
            sale(),
            &[
                ("/body/lines/0/type", json!("tip")),
                ("/body/tenders/0/amount", json!("12.00")),
                ("/body/tenders/0/tip", json!("2.00")),
            ],
        );
        assert_eq!(
            problems(document.clone()),
            ["flag tip_twice body.tenders[0].tip"]
        );
        let once = with(document, "/body/lines/0/type", "service");
        assert_eq!(problems(once), Vec::<String>::new());
    }

    #[test]
    fn two_lines_with_one_number_are_held() {
        let document = with(off_by(2, "20.00"), "/body/lines/1/line", 1);
        assert_eq!(
            problems(document),
            ["held repeated_line body.lines[1].line"]
        );
    }

    #[rstest]
    #[case("0.02", "cash", &[])]
    #[case("0.03", "cash", &["held rounding_mismatch body.cash_rounding"])]
    #[case("0.02", "card", &["held rounding_mismatch body.cash_rounding"])]
    fn a_voids_rounding_is_checked_too(
        #[case] rounding: &str,
        #[case] tender: &str,
        #[case] expected: &[&str],
    ) {
        let document = changed(
            full(Kind::Void),
            &[
                ("/body/cash_rounding", json!(rounding)),
                ("/body/refund_tenders/0/type", json!(tender)),
            ],
        );
        assert_eq!(
            problems(without(document.clone(), "/body/refund_tenders/0/card")),
            expected
        );
        if tender == "cash" {
            assert_eq!(
                problems(without(document, "/body/refund_tenders")),
                expected
            );
        }
    }

    #[test]
    fn an_exchange_is_a_sale_with_both_signs() {
        let back = goods_back()["body"]["lines"][0].clone();
        let document = changed(
            sale(),
            &[
                ("/body/lines/-", with(back, "/line", 2)),
                ("/body/total", json!("0.00")),
                ("/body/tenders", json!([])),
            ],
        );
        assert_eq!(problems(document), Vec::<String>::new());
    }
}
