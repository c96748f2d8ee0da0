//! The rules, kind by kind, and the instants at which prices change.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const HOME: i64 = 1;
const SHOP: i64 = 10;

fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}
fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}
fn article() -> Article {
    Article {
        variant: 5,
        template: 50,
        categories: vec![500, 501],
        list_price: money("12.30"),
        currency: HOME,
        cost: money("7.77"),
        cost_currency: HOME,
        pieces: Decimal::ONE,
    }
}
fn rule(applies_to: AppliesTo, compute: Compute) -> Rule {
    Rule {
        applies_to,
        quantity_min: Decimal::ZERO,
        from_at: None,
        until_at: None,
        compute,
    }
}
fn fixed(text: &str) -> Compute {
    Compute::Fixed(money(text))
}
fn percent(text: &str) -> Compute {
    let percent = money(text);
    let base = Base::ListPrice;
    Compute::Percentage { base, percent }
}
fn formula(base: Base, numbers: [&str; 5]) -> Compute {
    let [percent, round, surcharge, margin_min, margin_max] = numbers.map(money);
    Compute::Formula {
        base,
        percent,
        round,
        surcharge,
        margin_min,
        margin_max,
    }
}
fn book(rules: Vec<Rule>) -> Book {
    let mut book = Book::default();
    book.lists.insert(SHOP, PriceList::new(HOME, rules));
    book
}
fn priced(book: &Book, article: &Article) -> String {
    let price = book.price(Some(SHOP), article, None).unwrap();
    rounded(price, 2).to_string()
}

#[rstest]
#[case(fixed("9.95"), "9.95")]
#[case(percent("10"), "11.07")]
#[case(percent("-5"), "12.92")] // 12.915
#[case(formula(Base::ListPrice, ["15", "0.05", "0", "0", "0"]), "10.45")] // 10.455
#[case(formula(Base::ListPrice, ["15", "1", "-0.01", "0", "0"]), "9.99")]
#[case(formula(Base::ListPrice, ["50", "0", "0", "-2", "0"]), "10.30")]
#[case(formula(Base::ListPrice, ["-50", "0", "0", "0", "3"]), "15.30")]
#[case(formula(Base::Cost, ["-60", "0.10", "0", "0", "0"]), "12.40")]
#[case(formula(Base::ListPrice, ["0", "0", "1.5", "0", "0"]), "13.80")]
fn every_kind_of_rule_computes_as_odoo_does(#[case] compute: Compute, #[case] expected: &str) {
    let book = book(vec![rule(AppliesTo::All, compute)]);
    assert_eq!(priced(&book, &article()), expected);
}

#[rstest]
#[case(AppliesTo::All, true)]
#[case(AppliesTo::Category(500), true)]
#[case(AppliesTo::Category(501), true)]
#[case(AppliesTo::Category(502), false)]
#[case(AppliesTo::Template(50), true)]
#[case(AppliesTo::Template(51), false)]
#[case(AppliesTo::Variant(5), true)]
#[case(AppliesTo::Variant(6), false)]
fn a_rule_is_about_some_products(#[case] applies_to: AppliesTo, #[case] fits: bool) {
    let book = book(vec![rule(applies_to, fixed("1"))]);
    let expected = if fits { "1.00" } else { "12.30" };
    assert_eq!(priced(&book, &article()), expected);
}

#[test]
fn the_first_rule_in_odoos_order_counts_wherever_it_is_filed() {
    let all = rule(AppliesTo::All, fixed("1"));
    let own = rule(AppliesTo::Variant(5), fixed("2"));
    let template = rule(AppliesTo::Template(50), fixed("3"));
    let first = |rules: [&Rule; 3]| priced(&book(rules.map(Clone::clone).to_vec()), &article());
    assert_eq!(first([&own, &template, &all]), "2.00");
    assert_eq!(first([&template, &own, &all]), "3.00");
    assert_eq!(first([&all, &own, &template]), "1.00");
}

#[test]
fn a_rule_from_a_quantity_counts_only_for_a_pack_as_large() {
    let mut six = rule(AppliesTo::All, fixed("1.50"));
    six.quantity_min = Decimal::from(6);
    let book = book(vec![six]);
    assert_eq!(priced(&book, &article()), "12.30");
    let pack = Article {
        pieces: Decimal::from(6),
        ..article()
    };
    assert_eq!(priced(&book, &pack), "9.00");
}

#[test]
fn a_list_may_build_on_another_one_in_another_currency() {
    let mut book = book(vec![rule(
        AppliesTo::All,
        formula(Base::PriceList(11), ["10", "0", "0", "0", "0"]),
    )]);
    let below = PriceList::new(2, vec![rule(AppliesTo::All, fixed("20"))]);
    book.lists.insert(11, below);
    book.rates = [(HOME, Decimal::ONE), (2, money("1.25"))].into();
    assert_eq!(priced(&book, &article()), "14.40");
    book.rates.clear();
    let unknown = book.price(Some(SHOP), &article(), None);
    assert_eq!(unknown, Err(NoPrice::UnknownRate));
}

#[test]
fn circles_and_lists_that_are_not_there_are_told_and_not_followed() {
    let circle = |base| book(vec![rule(AppliesTo::All, formula(base, ["0"; 5]))]);
    let steps = |book: &Book| book.steps(Some(SHOP), &article(), second(0), 2);
    assert_eq!(steps(&circle(Base::PriceList(SHOP))), Err(NoPrice::Circle));
    assert_eq!(
        steps(&circle(Base::PriceList(99))),
        Err(NoPrice::UnknownList)
    );
}

#[test]
fn numbers_beyond_all_prices_are_told() {
    let huge = Decimal::MAX.to_string();
    let book = book(vec![rule(AppliesTo::All, percent(&huge))]);
    let price = book.price(Some(SHOP), &article(), None);
    assert_eq!(price, Err(NoPrice::OutOfRange));
}

fn dated(amount: i64, from: Option<i64>, until: Option<i64>) -> Rule {
    Rule {
        from_at: from.map(second),
        until_at: until.map(second),
        ..rule(AppliesTo::All, Compute::Fixed(Decimal::from(amount)))
    }
}
fn told(rules: Vec<Rule>, floor: i64) -> Vec<(Option<i64>, String)> {
    let steps = book(rules).steps(Some(SHOP), &article(), second(floor), 2);
    let told = |step: Step| {
        (
            step.from_at.map(Timestamp::as_second),
            step.amount.to_string(),
        )
    };
    steps.unwrap().into_iter().map(told).collect()
}

#[test]
fn promotions_become_steps() {
    let rules = vec![dated(8, Some(100), Some(200)), dated(10, Some(300), None)];
    let expected = [
        (None, "12.30"),
        (Some(100), "8.00"),
        (Some(200), "12.30"),
        (Some(300), "10.00"),
    ];
    let expected = expected.map(|(at, amount)| (at, amount.to_owned()));
    assert_eq!(told(rules.clone(), 0), expected);
    let later = [(None, "12.30".to_owned()), (Some(300), "10.00".to_owned())];
    assert_eq!(told(rules, 250), later);
}

#[test]
fn a_step_that_changes_nothing_is_left_out() {
    let rules = vec![dated(8, Some(100), Some(200)), dated(8, None, None)];
    assert_eq!(told(rules, 0), [(None, "8.00".to_owned())]);
}

proptest! {
    #[test]
    fn at_every_instant_after_the_floor_the_step_in_force_is_the_price(
        rules in prop::collection::vec((1i64..5, prop::option::of(0i64..30), prop::option::of(0i64..30)), 0..6),
        floor in 0i64..30,
        at in 0i64..35,
    ) {
        let rules = rules.into_iter().map(|(amount, from, until)| dated(amount, from, until));
        let book = book(rules.collect());
        let at = second(at.max(floor));
        let expected = rounded(book.price(Some(SHOP), &article(), Some(at)).unwrap(), 2);
        let steps = book.steps(Some(SHOP), &article(), second(floor), 2).unwrap();
        let in_force = steps.iter().rev().find(|step| step.from_at.is_none_or(|from| from <= at));
        prop_assert_eq!(in_force.map(|step| step.amount), Some(expected));
        prop_assert!(steps.windows(2).all(|pair| pair[0].amount != pair[1].amount));
    }
}
