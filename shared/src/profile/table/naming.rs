//! The names of columns: how they are compared, and which of them a profile asks for.

use super::Table;

/// A name as names are compared: letters and digits only, without accents.
pub fn plain(name: &str) -> String {
    let letters = name
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '%' || *c == '#');
    letters.flat_map(char::to_lowercase).map(base).collect()
}

fn base(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

/// Every name of a column that rows are asked for.
pub(super) fn asked(table: &Table) -> impl Iterator<Item = &str> {
    let rules = table.direction.returns.iter();
    let rules = rules.filter_map(|rule| Some(rule.split_once('=')?.0.trim()));
    let mapped = table.map.values().chain(&table.group_by);
    let dates = table.date.cols.iter().chain(&table.date.zone_col);
    let kinds = table.row_kind.iter().map(|kinds| &kinds.col);
    let kinds = kinds.chain(table.status.iter().map(|status| &status.col));
    let stops = table.stop_at.iter().map(|stop| &stop.col);
    let names = mapped.chain(dates).chain(kinds).chain(stops);
    let names = names.chain(table.tender_columns.keys());
    let names = names.chain(table.fiscal.values());
    let names = names.chain(table.line_types.iter().map(|types| &types.col));
    names.map(String::as_str).chain(rules)
}

/// The columns that a profile names.
pub(super) fn wanted(table: &Table) -> Vec<String> {
    let mapped = table
        .map
        .values()
        .filter(|column| !column.starts_with("const:"));
    let names = mapped
        .chain(&table.group_by)
        .chain(&table.date.cols)
        .chain(&table.skip_until_header);
    names
        .flat_map(|name| name.split('|'))
        .filter(|name| !name.starts_with('#'))
        .map(plain)
        .collect()
}
