//! Which fields must go by their names alone, however a sender spells them, and in whatever language of ours.

use super::tongues;

/// What a field's name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing: the value is searched like any text.
    Keep,
    /// Card data that may not be kept at all.
    CardData,
    /// A card's number: its last four digits may be kept.
    CardNumber,
    /// Somebody's name, address or birth date.
    Personal,
}

/// What the fields around say: an `expiry` next to a card is its expiry, a `name` in a customer is a person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setting {
    /// Within a card.
    pub card: bool,
    /// Within a payment.
    pub payment: bool,
    /// Within a person.
    pub person: bool,
}

/// Never kept. Names are compared in lower case, letters and digits only.
const CARD_DATA: [&str; 38] = [
    "cardexpiration",
    "cardexpirationdate",
    "cardexpiry",
    "cardexpirydate",
    "cardholder",
    "cardholdername",
    "cardsecuritycode",
    "cardverificationvalue",
    "carddata",
    "chipdata",
    "customersignature",
    "cvc",
    "cvc2",
    "cvv",
    "cvv2",
    "electronicsignature",
    "emvdata",
    "handwrittensignature",
    "magneticstripe",
    "magstripe",
    "nameoncard",
    "pin",
    "pinblock",
    "receiptimage",
    "receiptpicture",
    "receiptscan",
    "securitycode",
    "signature",
    "signaturedata",
    "signatureimage",
    "signaturesvg",
    "track",
    "track1",
    "track1data",
    "track2",
    "track2data",
    "track3",
    "trackdata",
];
/// Never kept within a card or payment.
const EXPIRY: [&str; 17] = [
    "exp",
    "expdate",
    "expiration",
    "expirationdate",
    "expirationmonth",
    "expirationyear",
    "expiry",
    "expirydate",
    "expirymonth",
    "expiryyear",
    "expires",
    "expmonth",
    "expyear",
    "goodthru",
    "validthru",
    "validto",
    "validuntil",
];
/// Never kept within a card: whose it is.
const HOLDER: [&str; 4] = ["holder", "holdername", "name", "owner"];
/// The same by the numbers of EMV's tags, within a payment: stripe, number, name and expiry.
const EMV_TAGS: [&str; 7] = ["56", "57", "5a", "5f20", "5f24", "9f1f", "9f6b"];
/// Kept down to the last four digits.
const CARD_NUMBER: [&str; 14] = [
    "cardno",
    "cardnr",
    "cardnum",
    "cardnumber",
    "cardpan",
    "ccnum",
    "ccnumber",
    "creditcardnumber",
    "debitcardnumber",
    "maskedcardnumber",
    "maskedpan",
    "pan",
    "panmasked",
    "primaryaccountnumber",
];
/// The same within a card.
const NUMBER: [&str; 5] = ["last4", "no", "nr", "num", "number"];
/// Somebody's, wherever they stand.
const PERSONAL: [&str; 37] = [
    "address",
    "address1",
    "address2",
    "addressline",
    "addressline1",
    "addressline2",
    "dob",
    "email",
    "emailaddress",
    "familyname",
    "fax",
    "firstname",
    "fullname",
    "givenname",
    "homeaddress",
    "housenumber",
    "lastname",
    "maidenname",
    "middlename",
    "mobilenumber",
    "mobilephone",
    "personname",
    "phone",
    "phonenumber",
    "plz",
    "postaladdress",
    "postalcode",
    "postcode",
    "street",
    "streetaddress",
    "streetname",
    "surname",
    "tel",
    "telephone",
    "telephonenumber",
    "zip",
    "zipcode",
];
/// Somebody's within a person.
const PERSONAL_WITHIN: [&str; 12] = [
    "cell", "city", "country", "first", "last", "line1", "line2", "mail", "mobile", "name",
    "names", "town",
];
/// What a person is called, as a field around others or as the first part of a name.
const PERSONS: [&str; 23] = [
    "billing",
    "billto",
    "buyer",
    "cashier",
    "client",
    "clerk",
    "consignee",
    "contact",
    "customer",
    "employee",
    "guest",
    "holder",
    "member",
    "operator",
    "patient",
    "person",
    "recipient",
    "salesperson",
    "seller",
    "shipping",
    "shipto",
    "staff",
    "user",
];
/// What a payment is called.
const PAYMENTS: [&str; 8] = [
    "acquirer", "eft", "emv", "payment", "payments", "tender", "tenders", "terminal",
];
/// Cards that are not for paying with a bank's money.
const OTHER_CARDS: [&str; 8] = [
    "bonus", "customer", "gift", "idcard", "loyal", "member", "staff", "voucher",
];

/// What a field's name says, and the setting of what stands within it.
pub fn rule(name: &str, around: Setting) -> (Rule, Setting) {
    let plain: String = name
        .chars()
        .flat_map(char::to_lowercase)
        .filter_map(letter)
        .flat_map(str::chars)
        .collect();
    let name = plain.as_str();
    let within = Setting {
        card: around.card || is_bank_card(name),
        payment: around.payment || PAYMENTS.contains(&name) || tongues::PAYMENTS.contains(&name),
        person: around.person || PERSONS.contains(&name) || tongues::PERSONS.contains(&name),
    };
    let paying = around.card || around.payment;
    let of_payment =
        EXPIRY.contains(&name) || tongues::EXPIRY.contains(&name) || EMV_TAGS.contains(&name);
    let of_card = HOLDER.contains(&name);
    let ever = CARD_DATA.contains(&name) || tongues::CARD_DATA.contains(&name);
    let gone = ever || paying && of_payment || around.card && of_card;
    let number = CARD_NUMBER.contains(&name) || tongues::CARD_NUMBER.contains(&name);
    let rule = if gone {
        Rule::CardData
    } else if number || (around.card && NUMBER.contains(&name)) {
        Rule::CardNumber
    } else if is_personal(name, around) {
        Rule::Personal
    } else {
        Rule::Keep
    };
    (rule, within)
}

/// A letter or digit as names are compared; everything else says nothing.
fn letter(letter: char) -> Option<&'static str> {
    const ASCII: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
    match letter {
        'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => Some("a"),
        'è' | 'é' | 'ê' | 'ë' => Some("e"),
        'ì' | 'í' | 'î' | 'ï' => Some("i"),
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => Some("o"),
        'ù' | 'ú' | 'û' | 'ü' => Some("u"),
        'ç' => Some("c"),
        'ñ' => Some("n"),
        'ß' => Some("ss"),
        other => ASCII.find(other).and_then(|at| ASCII.get(at..=at)),
    }
}

fn is_bank_card(name: &str) -> bool {
    let english = name.contains("card") && !OTHER_CARDS.iter().any(|other| name.contains(other));
    english || tongues::BANK_CARDS.iter().any(|card| name.contains(card))
}

fn is_personal(name: &str, around: Setting) -> bool {
    let ever = |name: &str| PERSONAL.contains(&name) || tongues::PERSONAL.contains(&name);
    let theirs = |name: &str| ever(name) || tongues::PERSONAL_WITHIN.contains(&name);
    let within = |name: &str| theirs(name) || PERSONAL_WITHIN.contains(&name);
    // `customer_name`, and the other way round: `nom du client`.
    let of_person = |person: &str| {
        let after = name.strip_prefix(person).is_some_and(within);
        let before = name.strip_suffix(person).map(|what| {
            let mut between = tongues::BETWEEN.iter();
            theirs(what) || between.any(|word| what.strip_suffix(word).is_some_and(theirs))
        });
        after || before == Some(true)
    };
    ever(name)
        || tongues::BIRTHS.iter().any(|birth| name.contains(birth))
        || (around.person && within(name))
        || PERSONS.iter().any(|person| of_person(person))
        || tongues::PERSONS.iter().any(|person| of_person(person))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NOWHERE: Setting = Setting {
        card: false,
        payment: false,
        person: false,
    };

    #[rstest]
    #[case("cvv", Rule::CardData)]
    #[case("CVV2", Rule::CardData)]
    #[case("Track-2_Data", Rule::CardData)]
    #[case("receiptImage", Rule::CardData)]
    #[case("card_expiry", Rule::CardData)]
    #[case("expiry", Rule::Keep)]
    #[case("PAN", Rule::CardNumber)]
    #[case("card_number", Rule::CardNumber)]
    #[case("number", Rule::Keep)]
    #[case("birth_date", Rule::Personal)]
    #[case("DateOfBirth", Rule::Personal)]
    #[case("customer_name", Rule::Personal)]
    #[case("cashierName", Rule::Personal)]
    #[case("E-Mail", Rule::Personal)]
    #[case("Geburtsdatum", Rule::Personal)]
    #[case("Straße", Rule::Personal)]
    #[case("Kunden-Name", Rule::Personal)]
    #[case("Käufer Ort", Rule::Personal)]
    #[case("Lieferanschrift", Rule::Personal)]
    #[case("Prénom", Rule::Personal)]
    #[case("Nom du client", Rule::Personal)]
    #[case("Date de naissance", Rule::Personal)]
    #[case("Code Postal", Rule::Personal)]
    #[case("Nombre del cliente", Rule::Personal)]
    #[case("Dirección de envío", Rule::Personal)]
    #[case("Teléfono móvil", Rule::Personal)]
    #[case("Nome cliente", Rule::Personal)]
    #[case("Data di nascita", Rule::Personal)]
    #[case("Codice fiscale", Rule::Personal)]
    #[case("Klantnaam", Rule::Personal)]
    #[case("Geboortedatum", Rule::Personal)]
    #[case("factuuradres", Rule::Personal)]
    #[case("Karteninhaber", Rule::CardData)]
    #[case("Cryptogramme visuel", Rule::CardData)]
    #[case("Handtekening", Rule::CardData)]
    #[case("Kartennummer", Rule::CardNumber)]
    #[case("Número de tarjeta", Rule::CardNumber)]
    #[case("Nombre", Rule::Keep)]
    #[case("nombre de lignes", Rule::Keep)]
    #[case("Kundennummer", Rule::Keep)]
    #[case("Nome prodotto", Rule::Keep)]
    #[case("Bezeichnung", Rule::Keep)]
    #[case("Kasse", Rule::Keep)]
    #[case("Operatore", Rule::Keep)]
    #[case("Ablaufdatum", Rule::Keep)]
    #[case("Ort", Rule::Keep)]
    #[case("Firma", Rule::Keep)]
    #[case("name", Rule::Keep)]
    #[case("city", Rule::Keep)]
    #[case("promotion", Rule::Keep)]
    #[case("customer", Rule::Keep)]
    #[case("product_name", Rule::Keep)]
    fn a_name_says_what_it_holds(#[case] name: &str, #[case] expected: Rule) {
        assert_eq!(rule(name, NOWHERE).0, expected);
    }

    #[rstest]
    #[case("card", "expiry", Rule::CardData)]
    #[case("card", "number", Rule::CardNumber)]
    #[case("card", "holder", Rule::CardData)]
    #[case("card", "name", Rule::CardData)]
    #[case("emv", "5F24", Rule::CardData)]
    #[case("promotion", "57", Rule::Keep)]
    #[case("creditCard", "valid_thru", Rule::CardData)]
    #[case("payment", "exp_date", Rule::CardData)]
    #[case("payment", "number", Rule::Keep)]
    #[case("gift_card", "expiry", Rule::Keep)]
    #[case("loyalty_card", "number", Rule::Keep)]
    #[case("Kreditkarte", "Ablaufdatum", Rule::CardData)]
    #[case("Paiement", "date d'expiration", Rule::CardData)]
    #[case("Kunde", "Ort", Rule::Personal)]
    #[case("klant", "naam", Rule::Personal)]
    #[case("Kundenkarte", "Ablaufdatum", Rule::Keep)]
    #[case("customer", "name", Rule::Personal)]
    #[case("customer", "city", Rule::Personal)]
    #[case("promotion", "name", Rule::Keep)]
    fn what_stands_around_counts(#[case] around: &str, #[case] name: &str, #[case] expected: Rule) {
        let (_, within) = rule(around, NOWHERE);
        assert_eq!(rule(name, within).0, expected);
        let (_, deeper) = rule("details", within);
        assert_eq!(rule(name, deeper).0, expected, "and further in");
    }
}
