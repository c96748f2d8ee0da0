//! What tills call a means of payment, in the languages of the stores.

/// Beginnings of words, and the contract's type of tender. The longer ones first where one begins with another.
const TENDERS: [(&str, &str); 34] = [
    ("giftcard", "gift_card"),
    ("geschenk", "gift_card"),
    ("squaregift", "gift_card"),
    ("gutschein", "voucher"),
    ("voucher", "voucher"),
    ("bon", "voucher"),
    ("vale", "voucher"),
    ("buono", "voucher"),
    ("bar", "cash"),
    ("cash", "cash"),
    ("efectivo", "cash"),
    ("contant", "cash"),
    ("especes", "cash"),
    ("ruckgeld", "cash"),
    ("change", "cash"),
    ("cartao", "card"),
    ("carte", "card"),
    ("carta", "card"),
    ("tarjeta", "card"),
    ("karte", "card"),
    ("card", "card"),
    ("credit", "card"),
    ("debit", "card"),
    ("kredit", "card"),
    ("ec", "card"),
    ("visa", "card"),
    ("master", "card"),
    ("maestro", "card"),
    ("pin", "card"),
    ("twint", "mobile"),
    ("cheque", "cheque"),
    ("check", "cheque"),
    ("rechnung", "on_account"),
    ("account", "on_account"),
];

/// The type of a tender by what the till calls it.
pub fn tender(word: &str) -> &'static str {
    let plain = super::naming::plain(word);
    let known = TENDERS.iter().find(|(begin, _)| plain.starts_with(begin));
    known.map_or("other", |(_, kind)| *kind)
}

/// A code as the contract wants it: what a code may not hold becomes a hyphen.
pub fn code(text: &str) -> String {
    let letters = text.trim().chars().map(|c| match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '_' | '-' => c,
        _ => '-',
    });
    let mut code: String = letters.take(32).collect();
    while code.contains("--") {
        code = code.replace("--", "-");
    }
    code.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenders_are_known_in_several_languages() {
        let words = [
            ("BAR-EUR", "cash"),
            ("Efectivo", "cash"),
            ("Espèces", "cash"),
            ("EC-Karte", "card"),
            ("Gutschein", "voucher"),
            ("Bitcoin", "other"),
        ];
        for (word, kind) in words {
            assert_eq!(tender(word), kind, "{word}");
        }
    }

    #[test]
    fn names_become_codes() {
        assert_eq!(code(" Market iPad / 2 "), "Market-iPad-2");
        assert_eq!(code("ZH01"), "ZH01");
        assert_eq!(code("Ä"), "");
    }
}
