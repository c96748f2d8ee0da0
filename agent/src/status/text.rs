//! What the status says to a person, in their language. Every language is a value of one type, so that a text that is
//! missing in one of them does not compile.

use crate::activity::Health;
use crate::store::figures::Kept;

/// The texts of one language. Where a text holds `{n}` or `{name}`, a number or a name is put in.
#[derive(Debug)]
pub struct Texts {
    /// The language's code.
    pub language: &'static str,
    /// How a day and time are written.
    pub date_format: &'static str,
    /// All is well and nothing waits.
    pub all_sent: &'static str,
    /// One document waits.
    pub one_on_its_way: &'static str,
    /// Documents wait.
    pub on_their_way: &'static str,
    /// A destination cannot be reached.
    pub no_line: &'static str,
    /// Something else cannot be reached.
    pub no_line_elsewhere: &'static str,
    /// One document needs a person.
    pub one_needs_you: &'static str,
    /// Documents need a person.
    pub need_you: &'static str,
    /// Something else needs a person.
    pub look: &'static str,
    /// The agent is stopping.
    pub stopping: &'static str,
    /// Documents a destination refused.
    pub parked_at: &'static str,
    /// Documents a check held.
    pub held_back: &'static str,
    /// Documents a destination does not take yet.
    pub postponed_at: &'static str,
    /// Heading.
    pub waiting: &'static str,
    /// Heading.
    pub oldest: &'static str,
    /// Heading.
    pub value: &'static str,
    /// Heading.
    pub accepted_today: &'static str,
    /// Heading.
    pub delivered_today: &'static str,
    /// Heading.
    pub attention: &'static str,
    /// Nothing needs attention.
    pub nothing: &'static str,
    /// Before what to do.
    pub next_step: &'static str,
    /// Heading.
    pub prices: &'static str,
    /// Which prices are in force.
    pub prices_of: &'static str,
    /// There are none.
    pub no_prices: &'static str,
    /// Heading.
    pub next_change: &'static str,
    /// Heading.
    pub destinations: &'static str,
    /// There is none.
    pub no_destination: &'static str,
    /// Heading.
    pub name: &'static str,
    /// Heading.
    pub state: &'static str,
    /// Heading.
    pub parked: &'static str,
    /// A state.
    pub ok: &'static str,
    /// A state.
    pub needs_attention: &'static str,
    /// A state.
    pub offline: &'static str,
}

/// English.
pub const ENGLISH: Texts = Texts {
    language: "en",
    date_format: "%a %-d %b, %H:%M",
    all_sent: "Everything is sent.",
    one_on_its_way: "1 document is on its way.",
    on_their_way: "{n} documents are on their way.",
    no_line: "{name} cannot be reached. {n} documents wait and go by themselves.",
    no_line_elsewhere: "Something cannot be reached. Selling goes on.",
    one_needs_you: "1 document needs you.",
    need_you: "{n} documents need you.",
    look: "Please look at what is listed below.",
    stopping: "Tillpost is stopping.",
    parked_at: "Refused by {name} ({n}): {what}",
    held_back: "Held back ({n}): {what}",
    postponed_at: "Not taken by {name} yet ({n}): {what}",
    waiting: "Waiting",
    oldest: "Oldest since",
    value: "Value waiting",
    accepted_today: "Received today",
    delivered_today: "Sent today",
    attention: "What needs attention",
    nothing: "Nothing.",
    next_step: "Next step",
    prices: "Prices",
    prices_of: "{n} products, as of {name}",
    no_prices: "No prices yet.",
    next_change: "Next change",
    destinations: "Where documents go",
    no_destination: "Nowhere: no destination is configured.",
    name: "Name",
    state: "State",
    parked: "Refused",
    ok: "all well",
    needs_attention: "needs attention",
    offline: "cannot be reached",
};

/// German.
pub const GERMAN: Texts = Texts {
    language: "de",
    date_format: "%d.%m.%Y, %H:%M",
    all_sent: "Alles ist gesendet.",
    one_on_its_way: "1 Beleg ist unterwegs.",
    on_their_way: "{n} Belege sind unterwegs.",
    no_line: "{name} ist nicht erreichbar. {n} Belege warten und gehen von selbst.",
    no_line_elsewhere: "Etwas ist nicht erreichbar. Der Verkauf geht weiter.",
    one_needs_you: "1 Beleg braucht Sie.",
    need_you: "{n} Belege brauchen Sie.",
    look: "Bitte sehen Sie unten nach.",
    stopping: "Tillpost hält an.",
    parked_at: "Von {name} abgelehnt ({n}): {what}",
    held_back: "Zurückgehalten ({n}): {what}",
    postponed_at: "Von {name} noch nicht angenommen ({n}): {what}",
    waiting: "Wartend",
    oldest: "Ältester seit",
    value: "Wartender Wert",
    accepted_today: "Heute erhalten",
    delivered_today: "Heute gesendet",
    attention: "Was zu tun ist",
    nothing: "Nichts.",
    next_step: "Nächster Schritt",
    prices: "Preise",
    prices_of: "{n} Artikel, Stand {name}",
    no_prices: "Noch keine Preise.",
    next_change: "Nächste Änderung",
    destinations: "Wohin Belege gehen",
    no_destination: "Nirgendwohin: Es ist kein Ziel eingerichtet.",
    name: "Name",
    state: "Zustand",
    parked: "Abgelehnt",
    ok: "alles gut",
    needs_attention: "braucht Aufmerksamkeit",
    offline: "nicht erreichbar",
};

/// Every language.
pub const LANGUAGES: [&Texts; 2] = [&ENGLISH, &GERMAN];

impl Texts {
    /// The texts of a language such as `de` or `de-CH`; English where there are none.
    pub fn of(language: &str) -> &'static Self {
        let code = language.split(['-', '_']).next().unwrap_or_default();
        LANGUAGES
            .into_iter()
            .find(|texts| texts.language.eq_ignore_ascii_case(code))
            .unwrap_or(&ENGLISH)
    }

    /// A state, in a word.
    pub fn health(&self, health: Health) -> &'static str {
        match health {
            Health::Ok | Health::Noted => self.ok,
            Health::Attention => self.needs_attention,
            Health::Offline => self.offline,
        }
    }

    /// What keeps documents back.
    pub fn kept(&self, kept: Kept) -> &'static str {
        match kept {
            Kept::Parked => self.parked_at,
            Kept::Held => self.held_back,
            Kept::Postponed => self.postponed_at,
        }
    }
}

/// Puts a number, a name and a sentence into a text.
pub fn fill(text: &str, n: i64, name: &str, what: &str) -> String {
    text.replace("{n}", &n.to_string())
        .replace("{name}", name)
        .replace("{what}", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text of a language, by key, from its debug form: no key can be left out here either.
    fn keys(texts: &Texts) -> Vec<(String, String)> {
        let debug = format!("{texts:#?}");
        let lines = debug
            .lines()
            .filter_map(|line| line.trim().split_once(": "));
        lines
            .map(|(key, text)| (key.to_owned(), text.trim_end_matches(',').to_owned()))
            .collect()
    }

    #[test]
    fn every_key_has_a_text_with_the_same_gaps_in_every_language() {
        let gaps = |text: &str| ["{n}", "{name}", "{what}"].map(|gap| text.matches(gap).count());
        let english = keys(&ENGLISH);
        assert!(english.len() > 30);
        for texts in LANGUAGES {
            for ((key, own), (_, text)) in keys(texts).iter().zip(&english) {
                assert_ne!(own, "\"\"", "{key} in {}", texts.language);
                assert_eq!(gaps(own), gaps(text), "{key} in {}", texts.language);
            }
        }
    }

    #[test]
    fn a_language_without_texts_reads_english() {
        let codes = ["de", "de-CH", "DE_at", "fr", ""].map(|code| Texts::of(code).language);
        assert_eq!(codes, ["de", "de", "de", "en", "en"]);
    }
}
