//! What stands in a `.reason.txt`: why a file or some of its records were refused and what to do, in the store's
//! language. Never a value of the file.

/// The sentences of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Above all; `{file}` is the file.
    pub title: &'static str,
    /// The file as a whole; `{place}` is where.
    pub broken: &'static str,
    /// How many went through; `{stored}` and `{refused}` are numbers.
    pub counts: &'static str,
    /// A place: `{line}`, `{column}`.
    pub place: &'static str,
    /// There were more than are listed; `{more}`.
    pub more: &'static str,
    /// What was taken out.
    pub stripped: &'static str,
    /// What to do.
    pub next: &'static str,
}

const EN: Words = Words {
    title: "Tillpost could not take everything in {file}.",
    broken: "The file cannot be read from here on ({place}):",
    counts: "{stored} records were taken, {refused} were refused.",
    place: "line {line}, column {column}",
    more: "and {more} more.",
    stripped: "Card numbers and personal data were taken out before this file was kept.",
    next: "What to do: correct the file beside this one and drop it into the inbox again. What was taken already is not taken twice.",
};
const DE: Words = Words {
    title: "Tillpost konnte nicht alles aus {file} übernehmen.",
    broken: "Die Datei ist ab hier nicht lesbar ({place}):",
    counts: "{stored} Datensätze wurden übernommen, {refused} abgewiesen.",
    place: "Zeile {line}, Spalte {column}",
    more: "und {more} weitere.",
    stripped: "Kartennummern und persönliche Daten wurden entfernt, bevor diese Datei abgelegt wurde.",
    next: "Was tun: die Datei neben dieser berichtigen und erneut in den Eingangsordner legen. Bereits Übernommenes wird nicht doppelt übernommen.",
};
const FR: Words = Words {
    title: "Tillpost n'a pas pu reprendre tout le contenu de {file}.",
    broken: "Le fichier n'est plus lisible à partir d'ici ({place}) :",
    counts: "{stored} enregistrements repris, {refused} refusés.",
    place: "ligne {line}, colonne {column}",
    more: "et {more} autres.",
    stripped: "Les numéros de carte et les données personnelles ont été retirés avant de garder ce fichier.",
    next: "Que faire : corriger le fichier voisin et le déposer à nouveau. Ce qui a déjà été repris ne l'est pas deux fois.",
};
const IT: Words = Words {
    title: "Tillpost non ha potuto acquisire tutto il contenuto di {file}.",
    broken: "Il file non è più leggibile da qui in poi ({place}):",
    counts: "{stored} registrazioni acquisite, {refused} rifiutate.",
    place: "riga {line}, colonna {column}",
    more: "e altre {more}.",
    stripped: "I numeri di carta e i dati personali sono stati tolti prima di conservare questo file.",
    next: "Che cosa fare: correggere il file accanto a questo e depositarlo di nuovo. Ciò che è già stato acquisito non viene acquisito due volte.",
};
const ES: Words = Words {
    title: "Tillpost no pudo tomar todo el contenido de {file}.",
    broken: "El archivo no se puede leer a partir de aquí ({place}):",
    counts: "{stored} registros tomados, {refused} rechazados.",
    place: "línea {line}, columna {column}",
    more: "y {more} más.",
    stripped: "Los números de tarjeta y los datos personales se quitaron antes de guardar este archivo.",
    next: "Qué hacer: corregir el archivo que está al lado y depositarlo de nuevo. Lo que ya se tomó no se toma dos veces.",
};
const NL: Words = Words {
    title: "Tillpost kon niet alles uit {file} overnemen.",
    broken: "Het bestand is vanaf hier niet leesbaar ({place}):",
    counts: "{stored} records overgenomen, {refused} geweigerd.",
    place: "regel {line}, kolom {column}",
    more: "en nog {more}.",
    stripped: "Kaartnummers en persoonsgegevens zijn verwijderd voordat dit bestand werd bewaard.",
    next: "Wat te doen: verbeter het bestand hiernaast en leg het opnieuw in de map. Wat al is overgenomen, wordt niet dubbel overgenomen.",
};

/// Every language there is.
const LANGUAGES: [(&str, Words); 6] = [
    ("en", EN),
    ("de", DE),
    ("fr", FR),
    ("it", IT),
    ("es", ES),
    ("nl", NL),
];
/// Problems that are listed of one file.
pub const LISTED_MAX: usize = 1_000;

/// The sentences of a language such as `de-CH`; English where there are none.
pub fn words(language: &str) -> Words {
    let word = language.split(['-', '_']).next().unwrap_or_default();
    let found = LANGUAGES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word));
    found.map_or(EN, |(_, words)| *words)
}

/// What was refused of a file.
#[derive(Debug, Clone, Default)]
pub struct Refusals {
    /// Records that were taken.
    pub stored: u64,
    /// Records that were refused.
    pub refused: u64,
    /// Where and why, the first ones.
    pub listed: Vec<(u64, u64, String)>,
    /// Why the file as a whole cannot be read on.
    pub broken: Option<(u64, u64, String)>,
    /// Whether anything was taken out.
    pub stripped: bool,
}

impl Refusals {
    /// Adds a problem.
    pub fn add(&mut self, line: u64, column: u64, what: String) {
        if self.listed.len() < LISTED_MAX {
            self.listed.push((line, column, what));
        }
    }

    /// Whether there is anything to say.
    pub fn any(&self) -> bool {
        self.refused > 0 || self.broken.is_some()
    }

    /// The text for a person.
    pub fn text(&self, file: &str, words: Words) -> String {
        let place = |line: u64, column: u64| {
            words
                .place
                .replace("{line}", &line.to_string())
                .replace("{column}", &column.to_string())
        };
        let mut text = words.title.replace("{file}", file) + "\n\n";
        let counts = words.counts.replace("{stored}", &self.stored.to_string());
        text += &(counts.replace("{refused}", &self.refused.to_string()) + "\n\n");
        if let Some((line, column, what)) = &self.broken {
            let broken = words.broken.replace("{place}", &place(*line, *column));
            text += &format!("{broken}\n  {what}\n\n");
        }
        for (line, column, what) in &self.listed {
            text += &format!("{}: {what}\n", place(*line, *column));
        }
        let more = self.refused.saturating_sub(self.listed.len() as u64);
        if self.listed.len() == LISTED_MAX && more > 0 {
            text += &(words.more.replace("{more}", &more.to_string()) + "\n");
        }
        if !self.listed.is_empty() {
            text.push('\n');
        }
        if self.stripped {
            text += &format!("{}\n", words.stripped);
        }
        text + words.next + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sentence_is_missing_in_any_language() {
        for language in ["en", "de", "fr", "it", "es", "nl", "de-CH", "pt"] {
            let words = words(language);
            for (text, marks) in [
                (words.title, &["{file}"][..]),
                (words.broken, &["{place}"]),
                (words.counts, &["{stored}", "{refused}"]),
                (words.place, &["{line}", "{column}"]),
                (words.more, &["{more}"]),
                (words.stripped, &[]),
                (words.next, &[]),
            ] {
                assert!(!text.trim().is_empty(), "{language}");
                assert!(
                    marks.iter().all(|mark| text.contains(mark)),
                    "{language}: {text}"
                );
                assert_eq!(text.matches('{').count(), marks.len(), "{language}: {text}");
            }
        }
        let own = |language| words(language).title;
        assert_eq!(own("pt"), EN.title);
        assert!(
            LANGUAGES
                .iter()
                .filter(|(word, _)| *word != "en")
                .all(|(word, _)| own(word) != EN.title)
        );
    }

    #[test]
    fn a_reason_says_where_why_and_what_to_do() {
        let mut refusals = Refusals {
            stored: 3,
            refused: 1,
            stripped: true,
            ..Refusals::default()
        };
        refusals.add(4, 7, "body.total: not a number".to_owned());
        let text = refusals.text("a.csv", words("de-CH"));
        assert!(
            text.contains("Zeile 4, Spalte 7: body.total: not a number\n"),
            "{text}"
        );
        assert!(text.contains("3 Datensätze wurden übernommen, 1 abgewiesen."));
        assert!(!text.contains(['{', '}']));
    }
}
