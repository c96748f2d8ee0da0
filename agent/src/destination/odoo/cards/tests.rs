//! Which card is changed, whether one is made, what goes up and what is noted.

use rstest::rstest;

use super::*;
use crate::destination::odoo::testing::dec;

fn card(id: i64, number: &str, program_name: &str) -> Card {
    Card {
        id,
        program: 2,
        program_name: program_name.to_owned(),
        number: number.to_owned(),
        gift: program_name == "Gift",
        put_away: false,
        points: Decimal::ZERO,
        expiry: None,
    }
}

fn points(number: Option<&str>, program: Option<&str>) -> Wishes {
    Wishes {
        points: Some(Points {
            program: program.map(str::to_owned),
            card: number.map(str::to_owned),
            change: dec("1"),
        }),
        ..Wishes::default()
    }
}

fn asked(number: &str, change: &str, issuer: Issuer) -> GiftCard {
    GiftCard {
        number: number.to_owned(),
        change: dec(change),
        expiry: None,
        issuer,
    }
}

fn money(cards: Vec<GiftCard>) -> Wishes {
    Wishes {
        gift_cards: cards,
        ..Wishes::default()
    }
}

fn ids(plan: &Plan) -> Vec<i64> {
    plan.changes.iter().map(|change| change.card.id).collect()
}

#[rstest]
#[case::known(Some("77"), None, Some("Loyalty"), "")]
#[case::of_its_programme(Some("77"), Some("loyalty"), Some("Loyalty "), "")]
#[case::of_another(
    Some("77"),
    Some("Gold"),
    Some("Loyalty"),
    "the loyalty card is of another programme in Odoo"
)]
#[case::unknown(Some("77"), None, None, "Odoo does not know the loyalty card")]
#[case::unnamed(
    None,
    Some("Loyalty"),
    Some("Loyalty"),
    "the receipt names no loyalty card"
)]
fn points_go_to_the_card_that_is_named_and_of_the_programme_that_is_named(
    #[case] number: Option<&str>,
    #[case] program: Option<&str>,
    #[case] there: Option<&str>,
    #[case] why_not: &str,
) {
    let found: Vec<Card> = there.map(|name| card(5, "77", name)).into_iter().collect();
    let plan = plan(&points(number, program), &found, &[]);
    match why_not {
        "" => assert_eq!((ids(&plan), plan.noted), (vec![5], String::new())),
        why => assert_eq!(plan.noted, format!("; 1 points not booked: {why}")),
    }
    let away = Card {
        put_away: true,
        ..card(5, "77", "Loyalty")
    };
    assert!(
        super::plan(&points(Some("77"), None), &[away], &[])
            .changes
            .is_empty()
    );
}

const GIFT: [&str; 1] = ["Gift"];

#[rstest]
#[case::known("8009", "20", Issuer::Us, &GIFT, 9, "")]
#[case::known_and_somebodys("8009", "-20", Issuer::Anybody, &GIFT, 9, "")]
#[case::new("7777", "20", Issuer::Us, &GIFT, -1, "")]
#[case::used_and_unknown("7777", "-20", Issuer::Us, &GIFT, 0, "; 20 not taken off the gift card: Odoo does not know it")]
#[case::a_meal_voucher("7777", "-20", Issuer::Anybody, &GIFT, 0, "")]
#[case::no_programme("12345", "20", Issuer::Us, &[], 0, "; 20 not put on gift card ...2345: Odoo has no programme for gift cards")]
#[case::two_programmes("7777", "20", Issuer::Us, &["Gift", "Other"], 0,
    "; 20 not put on the gift card: Odoo has several programmes for gift cards, and does not know this one")]
#[case::two_programmes_and_known("8009", "20", Issuer::Us, &["Gift", "Other"], 9, "")]
#[case::a_loyalty_card("5005", "20", Issuer::Us, &GIFT, 0,
    "; 20 not put on the gift card: its number is that of another kind of card in Odoo")]
#[case::put_away("8010", "-1.5", Issuer::Us, &GIFT, 0, "; 1.50 not taken off the gift card: it was put away in Odoo")]
fn money_goes_to_the_card_with_the_number_and_one_that_is_sold_is_made(
    #[case] number: &str,
    #[case] change: &str,
    #[case] issuer: Issuer,
    #[case] programs: &[&str],
    #[case] expected: i64,
    #[case] noted: &str,
) {
    let away = Card {
        put_away: true,
        ..card(10, "8010", "Gift")
    };
    let found = [card(5, "5005", "Loyalty"), card(9, "8009", "Gift"), away];
    let programs: Vec<(i64, String)> = (2..)
        .zip(programs.iter().map(|name| (*name).to_owned()))
        .collect();
    let plan = plan(
        &money(vec![asked(number, change, issuer)]),
        &found,
        &programs,
    );
    let expected: Vec<i64> = (expected != 0).then_some(expected).into_iter().collect();
    assert_eq!((ids(&plan), plan.noted.as_str()), (expected, noted));
}

#[test]
fn cards_and_their_changes_go_up_as_odoo_takes_them() {
    let until = Some(jiff::civil::date(2028, 12, 31));
    let wishes = Wishes {
        gift_cards: vec![
            asked("N1", "50", Issuer::Us),
            GiftCard {
                expiry: until,
                ..asked("N2", "19.50", Issuer::Us)
            },
            asked("8009", "-10", Issuer::Us),
        ],
        ..points(Some("77"), None)
    };
    let found = [card(5, "77", "Loyalty"), card(9, "8009", "Gift")];
    let plan = plan(&wishes, &found, &[(3, "Gift".to_owned())]);
    assert_eq!(plan.noted, "");
    insta::assert_snapshot!(serde_json::to_string_pretty(&coupon_data(&plan.changes)).expect("json"), @r#"
    {
      "5": {
        "points": 1,
        "program_id": 2,
        "coupon_id": false,
        "partner_id": false
      },
      "-1": {
        "points": 50,
        "program_id": 3,
        "coupon_id": false,
        "partner_id": false,
        "code": "N1",
        "expiration_date": false
      },
      "-2": {
        "points": 19.5,
        "program_id": 3,
        "coupon_id": false,
        "partner_id": false,
        "code": "N2",
        "expiration_date": "2028-12-31"
      },
      "9": {
        "points": -10,
        "program_id": 2,
        "coupon_id": false,
        "partner_id": false
      }
    }
    "#);
}

#[test]
fn where_odoo_keeps_no_cards_only_our_own_are_told() {
    let wishes = Wishes {
        gift_cards: vec![
            asked("12345", "50", Issuer::Us),
            asked("23456", "-5", Issuer::Anybody),
        ],
        ..points(Some("77"), None)
    };
    let expected = "; 1 points not booked: why; 50 not put on gift card ...2345: why";
    assert_eq!(none(&wishes, "why"), expected);
}

#[test]
fn of_an_order_and_a_card_the_newest_row_counts() {
    let row = |order, card, change| Booked {
        card,
        order,
        change: dec(change),
    };
    let rows = [
        row(71, 5, "-4"),
        row(70, 5, "-20"),
        row(70, 5, "50"),
        row(70, 6, "3"),
        row(71, 6, "-3"),
    ];
    assert_eq!(booked(&rows), BTreeMap::from([(5, dec("-24"))]));
}

#[rstest]
#[case::points("Loyalty", "6.0", Some(("6", "6")), None, "; 6 points on the loyalty card")]
#[case::other_points("Loyalty", "6", Some(("-2.5", "0")), None, "; -2.5 points on the loyalty card in Odoo instead of 6")]
#[case::no_points("Loyalty", "-6", None, None, "; -6 points not booked")]
#[case::refused_points("Loyalty", "6", None, Some("no"), "; 6 points not booked: no")]
#[case::put_on("Gift", "50.00", Some(("50", "50")), None, "; 50 put on gift card ...2345")]
#[case::taken_off("Gift", "-19.5", Some(("-19.5", "0.5")), None, "; 19.50 taken off gift card ...2345")]
#[case::overdrawn("Gift", "-20", Some(("-20", "-5")), None,
    "; 20 taken off gift card ...2345, which is overdrawn in Odoo by 5")]
#[case::other("Gift", "-20", Some(("-2", "5")), None, "; gift card ...2345 changed by -2 in Odoo instead of -20")]
#[case::refused(
    "Gift",
    "-20",
    None,
    Some("no"),
    "; 20 not taken off gift card ...2345: no"
)]
fn what_stands_on_the_card_is_noted(
    #[case] program: &str,
    #[case] by: &str,
    #[case] there: Option<(&str, &str)>,
    #[case] refused: Option<&str>,
    #[case] expected: &str,
) {
    let change = Change {
        card: card(5, "12345", program),
        by: dec(by),
    };
    let there = there.map(|(by, points)| Change {
        card: Card {
            points: dec(points),
            ..change.card.clone()
        },
        by: dec(by),
    });
    assert_eq!(noted(&change, there.as_ref(), refused), expected);
}
