//! What stands between the columns of a file that does not say.

/// The signs that may.
const DELIMITERS: [u8; 4] = [b';', b'\t', b',', b'|'];

/// The sign that stands in most rows, and there most often. A comma may be a decimal one, so others come first.
pub fn best_delimiter(text: &str, quote: u8) -> u8 {
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(50)
        .collect();
    let score = |delimiter: u8| {
        let count = |row: &&str| {
            let mut quoted = false;
            let counted = row.bytes().filter(|byte| {
                quoted ^= *byte == quote;
                !quoted && *byte == delimiter
            });
            counted.count()
        };
        let counts: Vec<usize> = rows.iter().map(count).collect();
        let with = counts.iter().filter(|count| **count > 0).count();
        let usual = counts.get(counts.len() / 2).copied().unwrap_or_default();
        let same = counts.iter().filter(|count| **count == usual).count();
        // In how many rows it stands, then how evenly, then how often.
        (with, same, usual)
    };
    let best = DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|delimiter| score(*delimiter));
    best.filter(|delimiter| score(*delimiter).0 > 0)
        .unwrap_or(b',')
}
