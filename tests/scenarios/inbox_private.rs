//! What customers' and cashiers' columns are called in the languages of our stores: nothing that stands in them is kept.
//!
//! Goal: contract section 3, card and personal data, from files of columns. Method: for each language a till's file whose
//! further columns hold a person's data and a card's, and one row that cannot be read; then a search through every file
//! of the store's place, the write-ahead log, done/, refused/ and the log included, for what stood in those columns.

use tillpost_tests::home::Home;

use crate::inbox::{drop_in, files, handed_over, store, taken};

/// What must not be kept, under whatever name.
const SECRETS: [&str; 10] = [
    "Quirina",
    "Zwackelmeier",
    "Unwegstrasse",
    "98765-Q",
    "Hinterwaldingen",
    "1971-03-09",
    "0791234567",
    "quirina@example",
    "11/29",
    "4111111111111111",
];

/// What each language calls the columns of [`SECRETS`], in their order.
const COLUMNS: [(&str, [&str; 10]); 6] = [
    (
        "de",
        [
            "Vorname",
            "Kundenname",
            "Straße",
            "PLZ",
            "Wohnort",
            "Geburtsdatum",
            "Telefonnummer",
            "E-Mail",
            "Kartenablauf",
            "Kartennummer",
        ],
    ),
    (
        "fr",
        [
            "Prénom",
            "Nom du client",
            "Adresse",
            "Code postal",
            "Ville du client",
            "Date de naissance",
            "Téléphone",
            "Courriel",
            "Cryptogramme",
            "Numéro de carte",
        ],
    ),
    (
        "es",
        [
            "Nombre del cliente",
            "Apellidos",
            "Dirección",
            "Código postal",
            "Ciudad del cliente",
            "Fecha de nacimiento",
            "Teléfono móvil",
            "Correo electrónico",
            "Caducidad tarjeta",
            "Número de tarjeta",
        ],
    ),
    (
        "it",
        [
            "Nome cliente",
            "Cognome",
            "Indirizzo",
            "Codice postale",
            "Città del cliente",
            "Data di nascita",
            "Cellulare",
            "Email",
            "Scadenza carta",
            "Numero carta",
        ],
    ),
    (
        "nl",
        [
            "Voornaam",
            "Klantnaam",
            "Adres",
            "Postcode",
            "Woonplaats",
            "Geboortedatum",
            "Telefoonnummer",
            "E-mailadres",
            "Handtekening",
            "Kaartnummer",
        ],
    ),
    (
        "en",
        [
            "First name",
            "Customer name",
            "Street",
            "ZIP",
            "Customer city",
            "Date of birth",
            "Phone",
            "E-mail",
            "Card expiry",
            "Card number",
        ],
    ),
];

fn file(columns: &[&str], number: u32) -> String {
    let row = |number: u32, quantity: &str| {
        format!(
            "ZH01;3;{number};31.10.2026;18:02:11;V;7610000000019;Brot;{quantity};2,50;0,00;2,50;2,6;;;{}\r\n\
             ZH01;3;{number};31.10.2026;18:02:11;Z;;Bar;;;;;;BAR;2,50;{}\r\n",
            SECRETS.join(";"),
            SECRETS.join(";")
        )
    };
    format!(
        "Filiale;Kasse;Bon-Nr;Datum;Zeit;Art;EAN;Bezeichnung;Menge;Einzelpreis;Rabatt;Betrag;MwSt%;Zahlart;Zahlbetrag;{}\r\n{}{}",
        columns.join(";"),
        row(number, "1"),
        row(number + 1, "no number")
    )
}

#[track_caller]
fn nothing_kept(home: &Home, language: &str) {
    for (path, bytes) in home.every_file() {
        let written = String::from_utf8_lossy(&bytes);
        for secret in SECRETS {
            assert!(
                !written.contains(secret),
                "{language}: {secret} stands in {}",
                path.display()
            );
        }
    }
}

#[test]
fn nothing_of_a_customer_is_kept_whatever_its_column_is_called() {
    let home = store("generic_eu_lines", "");
    let agent = home.start();
    for (number, (language, columns)) in (1..).zip(COLUMNS) {
        let name = format!("{language}.csv");
        drop_in(&home, &name, file(&columns, number * 10));
        taken(&home, &agent);
        assert_eq!(
            handed_over(&home).len(),
            number as usize,
            "{language}: the good receipt goes through"
        );
        // The receipt that cannot be read lies there stripped, beside its reason.
        let refused = files(&home.path().join("in/refused"));
        let left = String::from_utf8_lossy(&refused[&name]).into_owned();
        assert!(
            left.contains("no number") && left.contains(columns[0]),
            "{language}: {left}"
        );
        nothing_kept(&home, language);
    }
    drop(agent.stop());
    nothing_kept(&home, "after the end");
}

#[test]
fn columns_that_only_sound_like_a_persons_are_kept() {
    let home = store("generic_eu_lines", "");
    let agent = home.start();
    let columns = [
        "Kundennummer",
        "Nombre",
        "Operatore",
        "Artikelname",
        "Ablaufdatum",
        "Firma",
        "Cantidad",
        "Nome prodotto",
        "Plaats",
        "Client",
    ];
    let kept: [&str; 10] = [
        "K-17",
        "12 piezas",
        "Kasse drei",
        "Brotlaib",
        "31.12.2027",
        "Muster AG",
        "4 cajas",
        "Panettone",
        "Rek 7",
        "B2B",
    ];
    let text = file(&columns, 10).replace(&SECRETS.join(";"), &kept.join(";"));
    drop_in(&home, "plain.csv", text);
    taken(&home, &agent);
    let refused = files(&home.path().join("in/refused"));
    let left = String::from_utf8_lossy(&refused["plain.csv"]).into_owned();
    for cell in kept {
        assert!(left.contains(cell), "{cell}: {left}");
    }
    drop(agent.stop());
}
