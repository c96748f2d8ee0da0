//! What the status says to a person, in their language. Each language is a file with a value of one type, so that a
//! text that is missing in one of them does not compile. Programs read codes, never these.

mod causes;
mod de;
mod en;
mod es;
mod fr;
mod it;
mod nl;
mod written;

use crate::activity::Health;
use crate::store::figures::Kept;

pub use causes::{CAUSES, Cause, Troubled};
pub use written::Hand;

/// One type for every language: a text for each of these keys. Where a text holds `{n}`, `{name}` or `{what}`, a number,
/// a name or a sentence is put in.
macro_rules! texts {
    ($($key:ident)*) => {
        /// The texts of one language.
        #[derive(Debug)]
        pub struct Texts {
            $(#[doc = concat!("`", stringify!($key), "`")] pub $key: &'static str,)*
            /// What keeps documents back or troubles the agent, and what to do about it, by [`Cause`].
            pub causes: [[&'static str; 2]; CAUSES],
        }

        impl Texts {
            /// Every text with its key.
            #[cfg(test)]
            fn every(&self) -> Vec<(String, &'static str)> {
                let mut every = vec![$((stringify!($key).to_owned(), self.$key)),*];
                for (n, [what, next]) in self.causes.into_iter().enumerate() {
                    every.push((format!("causes[{n}].what"), what));
                    every.push((format!("causes[{n}].next"), next));
                }
                every
            }
        }
    };
}

texts! {
    language language_name day_format months weekdays
    all_sent one_on_its_way on_their_way no_line no_line_elsewhere one_needs_you need_you look stopping
    parked_at held_back postponed_at
    waiting oldest value accepted_today delivered_today attention nothing next_step
    prices prices_of no_prices next_change no_change destinations no_destination name state parked
    ok needs_attention offline
    overview documents products receipts charts sign_in sign_out print skip menu language_choice
    money_hidden soon_done minutes_left hours_left no_pace last_sent never_sent since oldest_of in_window
    line_up line_down
    fault_cable step_cable fault_network step_network fault_provider step_provider fault_portal step_portal
    fault_head_office step_head_office fault_key step_key fault_unknown step_unknown
    today till rung_up sent missing proof of_till
    role manager it secret sign_in_why wrong_secret wait_a_while no_login_set signed_in_as
    retry retry_means release release_means withdraw withdraw_means reason reason_why withdraw_why
    look_at_it show_all call_it call_it_with in_system_words sign_in_to_act
    done not_any_more reason_needed refused_form
    filter all date kind total received number next_page none_found
    sale return_ void_ day_open day_close cash_movement till_activity settlement stock_count stock_move pickup
    held state_parked state_waiting withdrawn delivered
    matter story who what when contents lines tenders quantity price goods deliveries attempts reference answer
    technical body_gone next_try
    search search_what article barcode unit tax until on_hand available normal_price no_catalog not_sold
    receipt_number returned came_back
    complete incomplete stored acknowledged read_back differences gaps gap tender day show
    last_hours last_weeks figures hour answer_times seconds_each no_answers_yet
    stale not_found went_wrong back
    waits_too_long see_the_page much_money_waits numbers_missing day_not_proven clock_wrong set_the_clock it_is_over alert_code
}

/// Every language.
pub const LANGUAGES: [&Texts; 6] = [
    &en::TEXTS,
    &de::TEXTS,
    &fr::TEXTS,
    &es::TEXTS,
    &it::TEXTS,
    &nl::TEXTS,
];

impl Texts {
    /// The texts of a language such as `de` or `de-CH`; English where there are none.
    pub fn of(language: &str) -> &'static Self {
        Self::known(language).unwrap_or(&en::TEXTS)
    }

    fn known(language: &str) -> Option<&'static Self> {
        let code = language.split(['-', '_']).next().unwrap_or_default();
        let mut languages = LANGUAGES.into_iter();
        languages.find(|texts| texts.language.eq_ignore_ascii_case(code))
    }

    /// The texts for somebody: what they chose, else what their browser asks for, else the store's setting. A browser's
    /// wish is a list such as `fr-CH, fr;q=0.9, en;q=0.8`; the best that there is counts.
    pub fn for_visitor(chosen: Option<&str>, wished: Option<&str>, store: &str) -> &'static Self {
        if let Some(texts) = chosen.and_then(Self::known) {
            return texts;
        }
        let mut best: Option<(f32, &'static Self)> = None;
        for wish in wished.unwrap_or_default().split(',').take(WISHES_MAX) {
            let (code, weight) = wish.split_once(";q=").unwrap_or((wish, "1"));
            let weight: f32 = weight.trim().parse().unwrap_or(0.0);
            let better = weight > best.map_or(0.0, |(weight, _)| weight);
            if let Some(texts) = Self::known(code.trim()).filter(|_| better) {
                best = Some((weight, texts));
            }
        }
        best.map_or_else(|| Self::of(store), |(_, texts)| texts)
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

    /// What is the matter, and what to do about it.
    pub fn cause(&self, cause: Cause) -> [&'static str; 2] {
        self.causes[cause as usize]
    }

    /// A document's state by its word in answers.
    pub fn document_state(&self, word: &str) -> &'static str {
        match word {
            "held" => self.held,
            "parked" => self.state_parked,
            "withdrawn" => self.withdrawn,
            "delivered" => self.delivered,
            _ => self.state_waiting,
        }
    }

    /// A kind of document by its word in answers; other words as they are.
    pub fn kind<'a>(&'a self, word: &'a str) -> &'a str {
        match word {
            "sale" => self.sale,
            "return" => self.return_,
            "void" => self.void_,
            "day_open" => self.day_open,
            "day_close" => self.day_close,
            "cash_movement" => self.cash_movement,
            "till_activity" => self.till_activity,
            "settlement" => self.settlement,
            "stock_count" => self.stock_count,
            "stock_move" => self.stock_move,
            "pickup" => self.pickup,
            "tender" => self.tender,
            other => other,
        }
    }
}

/// Languages of a browser's wish that are looked at.
const WISHES_MAX: usize = 20;

/// Puts a number, a name and a sentence into a text.
pub fn fill(text: &str, n: i64, name: &str, what: &str) -> String {
    fill_written(text, &n.to_string(), name, what)
}

/// As [`fill`], with a number that is written already. What is put in is not searched again.
pub fn fill_written(text: &str, n: &str, name: &str, what: &str) -> String {
    let mut filled = String::with_capacity(text.len() + n.len() + name.len() + what.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (gap, behind) = after.split_once('}').unwrap_or((after, ""));
        match gap {
            "n" => filled.push_str(n),
            "name" => filled.push_str(name),
            "what" => filled.push_str(what),
            _ => {}
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_key_has_a_text_with_the_same_gaps_in_every_language() {
        let gaps = |text: &str| ["{n}", "{name}", "{what}"].map(|gap| text.matches(gap).count());
        let english = en::TEXTS.every();
        assert!(english.len() > 150);
        for texts in LANGUAGES {
            for ((key, own), (_, text)) in texts.every().iter().zip(&english) {
                assert!(!own.trim().is_empty(), "{key} in {}", texts.language);
                assert_eq!(gaps(own), gaps(text), "{key} in {}", texts.language);
                assert_eq!(
                    own.matches('{').count(),
                    gaps(own).iter().sum::<usize>(),
                    "{key}"
                );
            }
        }
    }

    /// A text that somebody forgot to translate is the English one. What may be the same stands here.
    #[test]
    fn no_language_speaks_english() {
        let short = |text: &str| text.split_whitespace().count() < 3;
        for texts in &LANGUAGES[1..] {
            for ((key, own), (_, text)) in texts.every().iter().zip(en::TEXTS.every()) {
                let same = *own == text && !short(own);
                assert!(!same || key == "day_format", "{key} in {}", texts.language);
            }
        }
    }

    #[rstest]
    #[case(None, None, "de-CH", "de")]
    #[case(None, Some("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7"), "de", "fr")]
    #[case(None, Some("pl, en;q=0.2, it;q=0.5"), "de", "it")]
    #[case(None, Some("pl;q=1, *;q=0.1"), "nl", "nl")]
    #[case(None, Some(";;;q=x,,=,nl;q=2e9"), "de", "nl")]
    #[case(Some("es"), Some("fr"), "de", "es")]
    #[case(Some("xx"), Some("fr"), "de", "fr")]
    #[case(None, None, "xx", "en")]
    fn a_visitor_is_spoken_to_in_their_language(
        #[case] chosen: Option<&str>,
        #[case] wished: Option<&str>,
        #[case] store: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(Texts::for_visitor(chosen, wished, store).language, expected);
    }

    #[test]
    fn what_is_put_in_is_not_searched_again() {
        assert_eq!(
            fill("{name}: {n} {what}", 3, "{what}", "{n}"),
            "{what}: 3 {n}"
        );
    }
}
