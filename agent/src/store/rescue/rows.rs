//! The rows on a page, taken apart by SQLite's file format. A cell that makes no sense is passed over.

use rusqlite::types::Value;

use super::pages::Pages;

/// A row's text and blobs together; nothing of ours is near it.
const PAYLOAD_MAX: usize = 64 << 20;

/// A row: its rowid where its table has one, and its columns as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The rowid; `None` of tables without one, and of indexes.
    pub rowid: Option<i64>,
    /// The columns.
    pub values: Vec<Value>,
}

/// The kinds of pages that hold rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    Index,
    IndexInner,
}

/// Every row on a page that can be read.
pub fn on_page(pages: &Pages, number: u32) -> Vec<Row> {
    match pages.read(number) {
        Some(page) => of(pages, &page, number),
        None => Vec::new(),
    }
}

/// The highest rowid of rows with so many columns on a page, and whether it may be a page of small rows: without reading
/// the rows. A page with one long row in front is none of small ones.
pub fn outline(page: &[u8], number: u32, columns: usize) -> (Option<i64>, bool) {
    let start = if number == 1 { 100 } else { 0 };
    if page.get(start) != Some(&0x0d) {
        return (None, matches!(page.get(start), Some(0x0a | 0x02)));
    }
    let cells = usize::from(two(page, start + 3)).min((page.len() - start - 8) / 2);
    let mut highest = None;
    let mut small = false;
    for n in 0..cells {
        let Some((rowid, found)) = head(page, usize::from(two(page, start + 8 + 2 * n))) else {
            continue;
        };
        small |= found == COUNTER_COLUMNS;
        if found == columns {
            highest = highest.max(Some(rowid));
        }
    }
    (highest, small)
}

/// Columns of SQLite's own table of counters.
const COUNTER_COLUMNS: usize = 2;

/// A cell's rowid and how many columns its row has.
fn head(page: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut at = at;
    varint(page, &mut at)?;
    let rowid = varint(page, &mut at)?;
    let start = at;
    let end = start + usize::try_from(varint(page, &mut at)?).ok()?;
    let mut columns = 0;
    while at < end {
        varint(page, &mut at)?;
        columns += 1;
    }
    Some((rowid, columns))
}

/// Every row on this page that can be read.
pub fn of(pages: &Pages, page: &[u8], number: u32) -> Vec<Row> {
    let start = if number == 1 { 100 } else { 0 };
    let (kind, first) = match page[start] {
        0x0d => (Kind::Table, start + 8),
        0x0a => (Kind::Index, start + 8),
        0x02 => (Kind::IndexInner, start + 12),
        _ => return Vec::new(),
    };
    let cells = usize::from(two(page, start + 3)).min((page.len() - first) / 2);
    let cell = |n: usize| row(pages, page, usize::from(two(page, first + 2 * n)), kind);
    (0..cells).filter_map(cell).collect()
}

fn row(pages: &Pages, page: &[u8], at: usize, kind: Kind) -> Option<Row> {
    let mut at = at;
    if kind == Kind::IndexInner {
        at += 4;
    }
    let length = usize::try_from(varint(page, &mut at)?).ok()?;
    let rowid = match kind {
        Kind::Table => Some(varint(page, &mut at)?),
        Kind::Index | Kind::IndexInner => None,
    };
    if length > PAYLOAD_MAX {
        return None;
    }
    let values = record(&payload(pages, page, at, length, kind)?)?;
    Some(Row { rowid, values })
}

/// A cell's content: what lies on the page, and the chain of pages on which the rest lies.
fn payload(pages: &Pages, page: &[u8], at: usize, length: usize, kind: Kind) -> Option<Vec<u8>> {
    let usable = page.len();
    let most = match kind {
        Kind::Table => usable - 35,
        Kind::Index | Kind::IndexInner => (usable - 12) * 64 / 255 - 23,
    };
    if length <= most {
        return page.get(at..at + length).map(<[u8]>::to_vec);
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let fitting = least + (length - least) % (usable - 4);
    let local = if fitting <= most { fitting } else { least };
    let mut content = page.get(at..at + local)?.to_vec();
    let mut next = four(page, at + local)?;
    while content.len() < length {
        let more = pages.read(next)?;
        next = four(&more, 0)?;
        let rest = (length - content.len()).min(usable - 4);
        content.extend_from_slice(&more[4..4 + rest]);
    }
    Some(content)
}

fn record(content: &[u8]) -> Option<Vec<Value>> {
    let mut head = 0;
    let head_length = usize::try_from(varint(content, &mut head)?).ok()?;
    let mut body = head_length;
    let mut values = Vec::new();
    while head < head_length {
        let kind = varint(content, &mut head)?;
        values.push(value(content, kind, &mut body)?);
    }
    (head == head_length && body == content.len()).then_some(values)
}

fn value(content: &[u8], kind: i64, at: &mut usize) -> Option<Value> {
    let length = match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind,
        5 => 6,
        6 | 7 => 8,
        12.. => (kind - 12) / 2,
        _ => return None,
    };
    let end = at.checked_add(usize::try_from(length).ok()?)?;
    let bytes = content.get(*at..end)?;
    *at = end;
    Some(match kind {
        0 => Value::Null,
        8 | 9 => Value::Integer(kind - 8),
        7 => Value::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
        1..=6 => Value::Integer(integer(bytes)),
        _ if kind % 2 == 0 => Value::Blob(bytes.to_vec()),
        _ => Value::Text(String::from_utf8(bytes.to_vec()).ok()?),
    })
}

fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes
        .iter()
        .fold(start, |sum, byte| (sum << 8) | i64::from(*byte))
}

/// SQLite's numbers of one to nine bytes.
fn varint(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let mut sum: i64 = 0;
    for n in 0..9 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if n == 8 {
            return Some((sum << 8) | i64::from(byte));
        }
        sum = (sum << 7) | i64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(sum);
        }
    }
    None
}

fn two(bytes: &[u8], at: usize) -> u16 {
    let two = bytes.get(at..at + 2).and_then(|two| two.try_into().ok());
    two.map_or(0, u16::from_be_bytes)
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}
