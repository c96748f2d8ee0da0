//! A profile proposed for a file that nobody knows: by the words of its header, else by what stands in its columns.
//! It is a text to look at and to correct, not a decision.

use super::number::{Evidence, Sign, doubtful, number};
use super::table::naming::plain;
use super::table::rows::{Cutter, Row};
use super::table::{NUMBERS, Table};
use super::when::FORMATS_DEFAULT;
use super::{Profile, shipped};

/// Rows that are looked at.
const ROWS_MAX: usize = 200;

/// A profile that names fewer columns is too general to be recognised by them.
const COLUMNS_MIN: usize = 4;

/// Beginnings of header words in several languages, and the field that is meant. The first that fits counts.
const WORDS: [(&str, &str); 22] = [
    ("date", "date datum fecha data giorno tag"),
    ("time", "time zeit uhrzeit hora heure ora tijd"),
    ("tender_amount", "zahlbetrag paid bezahlt"),
    (
        "receipt_number",
        "bon beleg receipt ticket transaction rechnung scontrino kassabon order",
    ),
    (
        "till",
        "kasse till register pos terminal caisse cassa caja kassa device",
    ),
    (
        "store",
        "filiale store shop markt magasin negozio tienda winkel",
    ),
    (
        "barcode",
        "ean gtin barcode upc strichcode codebarre codigobarra",
    ),
    ("sku", "sku artikelnr artnr articleno itemid reference"),
    // What may be a number of the store's own or a barcode: each cell says which.
    ("product", "codigo codice code artikel articulo articolo"),
    (
        "quantity",
        "menge anzahl qty quant qte cantidad aantal stuck",
    ),
    (
        "unit_price",
        "einzelpreis preis price unitprice prix prezzo precio prijs epreis",
    ),
    (
        "discount",
        "rabatt discount remise sconto descuento korting",
    ),
    (
        "tax_rate",
        "mwst% ust% tax% taxrate steuersatz iva% tva% btw%",
    ),
    ("tax", "mwst ust tax steuer tva iva btw"),
    (
        "tender",
        "zahlart payment tender paiement pagamento metodo betaalwijze paidby",
    ),
    (
        "total",
        "betrag total amount summe umsatz montant importo importe bedrag netsales",
    ),
    ("currency", "wahrung currency devise valuta moneda"),
    (
        "operator",
        "bediener operator cashier kassierer employee vendeur",
    ),
    (
        "department",
        "warengruppe department category abteilung rayon reparto gruppe",
    ),
    (
        "location",
        "lagerort location lager ort emplacement ubicaz ubicac locatie",
    ),
    (
        "name",
        "bezeichnung name item description artikelbez designation descri omschrijving producto",
    ),
    ("unit", "einheit unit unite unita unidad eenheid"),
];

/// A proposal: the profile's text, or the name of a shipped one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guess {
    /// A shipped profile reads it.
    Shipped(&'static str),
    /// The text of a profile.
    Profile(String),
}

/// Proposes a profile for a file's beginning.
///
/// # Errors
/// Nothing can be proposed; the sentence says why.
pub fn guess(text: &str) -> Result<Guess, String> {
    let start = text.trim_start();
    if start.starts_with('<') {
        return poslog(start);
    }
    if start.starts_with(['{', '[']) {
        let lines = start.lines().filter(|line| line.starts_with('{')).count() > 1;
        return Ok(Guess::Shipped(if lines { "ndjson" } else { "json" }));
    }
    let rows = rows(text)?;
    let (first, second) = (rows.first(), rows.get(1).or(rows.first()));
    let (Some(first), Some(_)) = (first, second) else {
        return Err("the file holds no rows".to_owned());
    };
    if let Some(name) = known(&first.cells) {
        return Ok(Guess::Shipped(name));
    }
    let named: Vec<Option<&'static str>> = first.cells.iter().map(|cell| by_word(cell)).collect();
    let header = named.iter().flatten().count() * 2 >= first.cells.len()
        && named.iter().any(Option::is_some);
    let fields = if header {
        unique(named)
    } else {
        unique(by_content(&rows, first.cells.len()))
    };
    Ok(Guess::Profile(written(&rows, first, header, &fields)))
}

/// The shipped profile of a service whose columns these are: nearly all that it names, and among them those that tell its
/// files apart.
fn known(cells: &[String]) -> Option<&'static str> {
    let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
    let has = |name: &str| name.split('|').any(|name| cells.contains(&plain(name)));
    let fits = |table: &Table, own: &[String]| {
        let names = table.map.values().chain(&table.date.cols);
        let names: Vec<&String> = names.filter(|name| !name.starts_with("const:")).collect();
        let there = names.iter().filter(|name| has(name)).count();
        own.iter().all(|name| has(name))
            && names.len() >= COLUMNS_MIN
            && there * 10 >= names.len() * 8
    };
    shipped::names().find(|name| match Profile::shipped(name) {
        Some(Profile::Pair(pair)) => pair.sides().any(|(_, side)| {
            let own: Vec<String> = side.has.iter().chain(&side.join).cloned().collect();
            fits(&side.table, &own)
        }),
        Some(Profile::Table(table)) => !table.group_by.is_empty() && fits(&table, &table.group_by),
        _ => false,
    })
}

/// Which POSLog it is, by what its vendors add.
fn poslog(text: &str) -> Result<Guess, String> {
    let has = |word: &str| text.contains(word);
    if !has("POSLog") && !has("<Transaction") {
        return Err("it is XML, but no POSLog; there is no profile for it".to_owned());
    }
    let shipped = if has("futura4retail") {
        "roqqio_6"
    } else if has("ncr.com/rsd/acs") {
        "ncr_acs_21"
    } else if has("r10Ex") {
        "ncr_r10_6"
    } else if has("datavantagecorp") || has("xstore") {
        "xstore"
    } else if has("wincor") || has("WN:") {
        "tpnet_22"
    } else if has("MajorVersion=\"6\"") || has("<UnitID") {
        "generic_6"
    } else {
        "generic_2"
    };
    Ok(Guess::Shipped(shipped))
}

fn rows(text: &str) -> Result<Vec<Row>, String> {
    let table: Table = toml::from_str("kind = \"delimited\"\nrecord = \"counts\"\n")
        .map_err(|error| error.to_string())?;
    let mut cutter = Cutter::new(&table);
    let mut rows = Vec::new();
    // The last line of a beginning may be cut off.
    let whole = text.rfind('\n').map_or(text, |end| &text[..=end]);
    cutter
        .feed(whole, true, &mut rows)
        .map_err(|(_, problem)| problem.message)?;
    rows.truncate(ROWS_MAX);
    Ok(rows)
}

fn by_word(cell: &str) -> Option<&'static str> {
    let word = plain(cell);
    let exact = WORDS
        .iter()
        .find(|(_, words)| words.split(' ').any(|known| known == word));
    let begins = || {
        WORDS
            .iter()
            .find(|(_, words)| words.split(' ').any(|begin| word.starts_with(begin)))
    };
    exact.or_else(begins).map(|(field, _)| *field)
}

/// What stands in the columns of a file without a header.
fn by_content(rows: &[Row], columns: usize) -> Vec<Option<&'static str>> {
    let kind = |column: usize| {
        let cells: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.cells.get(column))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
            .collect();
        let all = |fits: &dyn Fn(&str) -> bool| {
            !cells.is_empty()
                && cells.iter().filter(|cell| fits(cell)).count() * 10 >= cells.len() * 9
        };
        let digits = |cell: &str| cell.bytes().all(|byte| byte.is_ascii_digit());
        if all(&|cell| digits(cell) && (8..=14).contains(&cell.len())) {
            Some("barcode")
        } else if all(&|cell| cell.len() >= 8 && cell.matches(['.', '/', '-']).count() == 2) {
            Some("date")
        } else if all(&|cell| cell.matches(':').count() >= 1 && cell.len() <= 8) {
            Some("time")
        } else if all(&|cell| {
            cell.len() <= 9
                && number(cell, Sign::Comma)
                    .or(number(cell, Sign::Point))
                    .is_some()
        }) {
            Some("quantity")
        } else {
            None
        }
    };
    (0..columns).map(kind).collect()
}

/// A field is one column's: the first that fits.
fn unique(fields: Vec<Option<&'static str>>) -> Vec<Option<&'static str>> {
    let mut seen: Vec<&'static str> = Vec::new();
    let once = |field: Option<&'static str>| {
        let field = field.filter(|field| !seen.contains(field))?;
        seen.push(field);
        Some(field)
    };
    fields.into_iter().map(once).collect()
}

fn quoted(text: &str) -> String {
    // In one line, whatever stands in the name: it may be part of a comment.
    if text.contains(char::is_control) {
        let escaped = serde_json::Value::from(text).to_string();
        return escaped.replace('\u{7f}', "\\u007f");
    }
    toml::Value::String(text.to_owned()).to_string()
}

/// The proposal as a text.
fn written(rows: &[Row], first: &Row, header: bool, fields: &[Option<&'static str>]) -> String {
    let name = |index: usize| {
        let cell = header.then(|| first.cells[index].trim().to_owned());
        cell.unwrap_or_else(|| format!("column {}", index + 1))
    };
    let names: Vec<String> = (0..fields.len()).map(name).collect();
    let columns = Named { names, fields };
    let priced = columns.of("total").is_some() || columns.of("unit_price").is_some();
    let sale = columns.of("receipt_number").is_some() && priced;
    let mut text = String::from(HEAD);
    let record = if sale { "sale_lines" } else { "counts" };
    text += &format!("kind = \"delimited\"\nrecord = \"{record}\"\n");
    text += &format!("header = \"{}\"\n", if header { "yes" } else { "no" });
    if !header {
        text += &format!("names = [{}]\n", listed(&columns.names));
    }
    text += &decimal(rows, fields);
    if sale {
        let keys = columns.all(&["store", "till", "receipt_number"]);
        text += &format!("group_by = [{}]\n", listed(&keys));
    }
    let dates = columns.all(&["date", "time"]);
    if !dates.is_empty() {
        let format = FORMATS_DEFAULT[3];
        text += &format!("\n[date]\ncols = [{}]\n", listed(&dates));
        text += &format!("# formats = [\"{format}\"]   # only where the usual ones are wrong\n");
    }
    text += &columns.map();
    text += &if sale { columns.sale() } else { count(&dates) };
    text
}

const HEAD: &str = "# Proposed by `tillpost check --guess`. Look at every line, then save it as profiles/NAME.toml beside tillpost.toml.\n";

/// The columns and what each is taken for.
struct Named<'a> {
    names: Vec<String>,
    fields: &'a [Option<&'static str>],
}

impl Named<'_> {
    fn of(&self, field: &str) -> Option<String> {
        let index = self.fields.iter().position(|known| *known == Some(field))?;
        self.names.get(index).cloned()
    }

    fn all(&self, fields: &[&str]) -> Vec<String> {
        fields.iter().filter_map(|field| self.of(field)).collect()
    }

    fn map(&self) -> String {
        let mut text = String::from("\n[map]\n");
        for (field, name) in self.fields.iter().zip(&self.names) {
            match field {
                Some("date" | "time") => {}
                Some(field) => text += &format!("{field} = {}\n", quoted(name)),
                None => text += &format!("# {} is not read\n", quoted(name)),
            }
        }
        text
    }

    fn sale(&self) -> String {
        let mut text =
            String::from("\n[defaults]\nprices = \"tax_included\"   # or tax_excluded\n");
        if self.of("till").is_none() {
            text += "till = \"1\"\n";
        }
        if self.of("tender").is_none() {
            text += "tender = { type = \"other\", method = \"UNKNOWN\" }\n";
        }
        text
    }
}

fn listed(names: &[String]) -> String {
    names
        .iter()
        .map(|name| quoted(name))
        .collect::<Vec<_>>()
        .join(", ")
}

fn count(dates: &[String]) -> String {
    let cutoff = if dates.is_empty() {
        "file_mtime"
    } else {
        "column:max"
    };
    format!("\n[count]\nmode = \"spot\"   # or cycle, full\ncutoff = \"{cutoff}\"\n")
}

/// The sign before decimals, where all numbers agree; else what to decide.
fn decimal(rows: &[Row], fields: &[Option<&'static str>]) -> String {
    let mut evidence = Evidence::default();
    let mut doubt = false;
    for row in rows {
        let cells = row.cells.iter().zip(fields);
        let numbers =
            cells.filter(|(_, field)| field.is_some_and(|field| NUMBERS.contains(&field)));
        for (cell, _) in numbers {
            evidence.add(cell);
            doubt |= doubtful(cell, Sign::Auto);
        }
    }
    match evidence.sign() {
        Sign::Comma => "decimal = \",\"\n".to_owned(),
        Sign::Point => "decimal = \".\"\n".to_owned(),
        Sign::Auto if doubt => {
            "decimal = \"auto\"   # 1,234 may be a thousand or one and a bit: say \",\" or \".\"\n"
                .to_owned()
        }
        Sign::Auto => "decimal = \"auto\"\n".to_owned(),
    }
}

#[cfg(test)]
#[path = "guess_tests.rs"]
mod tests;
