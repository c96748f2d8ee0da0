//! Goods that left the store by documents which head office's figures of stock do not hold yet: what is still here, and
//! what arrived there only after those figures were taken.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use rust_decimal::Decimal;
use tillpost_shared::document::sale::LineType;
use tillpost_shared::document::{Document, Kind};

use crate::store::load::read_body;
use crate::store::{StoreError, micros};

/// Which documents are meant.
#[derive(Debug, Clone)]
pub struct Question {
    /// The store whose shelves are meant; other stores' documents lie here by mistake.
    pub store: String,
    /// The destinations by which head office hears of sales.
    pub destinations: Vec<String>,
    /// When head office's figures were taken: what was delivered from then on is not in them.
    pub taken_at: Timestamp,
    /// Only what was stored after this number.
    pub after: i64,
}

/// Goods of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Article number, where the till gave one.
    pub sku: Option<String>,
    /// Barcode, where the till gave one.
    pub barcode: Option<String>,
    /// How much left the store; negative when it came back.
    pub quantity: Decimal,
}

/// Gives each of the goods of sales, returns and voids that are not in head office's figures, in the order of storing:
/// a full queue's need not be in memory at once. Answers the number of the last document that was stored then: the next
/// look goes on after it.
///
/// # Errors
/// When the store cannot be read.
pub fn unsent(
    connection: &Connection,
    question: &Question,
    mut each: impl FnMut(Moved),
) -> Result<i64, StoreError> {
    // First, and the end of the look: what is stored meanwhile belongs to the next one.
    let up_to = connection
        .prepare_cached("SELECT COALESCE(MAX(seq), 0) FROM documents")?
        .query_row([], |row| row.get(0))?;
    let mut seqs = std::collections::BTreeSet::new();
    for destination in &question.destinations {
        for sql in [STILL_HERE, ARRIVED_LATER] {
            let mut look = connection.prepare_cached(sql)?;
            let since = micros(question.taken_at);
            let store = &question.store;
            let rows = look.query_map(
                params![destination, since, question.after, up_to, store],
                |row| row.get::<_, i64>(0),
            )?;
            for seq in rows {
                seqs.insert(seq?);
            }
        }
    }
    let mut body = connection.prepare_cached("SELECT kind, body FROM documents WHERE seq = ?1")?;
    for seq in seqs {
        let (kind, body): (String, Option<String>) =
            body.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if kind == Kind::Void.as_str() {
            undone(connection, seq)?.into_iter().for_each(&mut each);
        } else if let Some(document) = body.as_deref().and_then(read_body) {
            goods(&document).into_iter().for_each(&mut each);
        }
    }
    Ok(up_to)
}

const STILL_HERE: &str = "SELECT o.seq FROM documents o INDEXED BY documents_state
     CROSS JOIN deliveries d ON d.destination = ?1 AND d.seq = o.seq
     WHERE o.state IN ('waiting', 'parked', 'held') AND o.state <> 'delivered' AND ?2 IS NOT NULL
       AND d.state IN ('waiting', 'parked', 'held')
       AND o.seq > ?3 AND o.seq <= ?4 AND o.store = ?5 AND o.kind IN ('sale', 'return', 'void')";
const ARRIVED_LATER: &str = "SELECT o.seq FROM deliveries d INDEXED BY deliveries_done
     CROSS JOIN documents o ON o.seq = d.seq
     WHERE d.destination = ?1 AND d.delivered_at >= ?2 AND d.seq > ?3
       AND o.seq > ?3 AND o.seq <= ?4 AND o.store = ?5 AND o.kind IN ('sale', 'return', 'void')";

/// What a void brings back: the goods of what it undoes, where that lies here.
fn undone(connection: &Connection, seq: i64) -> Result<Vec<Moved>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT u.body FROM origins g CROSS JOIN documents u ON u.uid = g.uid
         WHERE g.seq = ?1 AND u.freed = 0 AND u.state <> 'withdrawn' AND u.kind IN ('sale', 'return')",
    )?;
    let bodies = question.query_map([seq], |row| row.get::<_, Option<String>>(0))?;
    let bodies: Vec<Option<String>> = bodies.collect::<Result<_, _>>()?;
    let undone = bodies
        .into_iter()
        .flatten()
        .filter_map(|body| read_body(&body));
    let back = undone
        .flat_map(|document| goods(&document))
        .map(|moved| Moved {
            quantity: -moved.quantity,
            ..moved
        });
    Ok(back.collect())
}

/// The goods of a sale or a return; nothing else on it leaves stock.
fn goods(document: &Document) -> Vec<Moved> {
    let lines = document
        .body
        .as_sale()
        .map_or(&[][..], |sale| sale.lines.as_slice());
    let items = lines.iter().filter(|line| line.r#type == LineType::Item);
    let moved = items.map(|line| Moved {
        sku: line.product.sku.as_ref().map(ToString::to_string),
        barcode: line.product.barcode.as_ref().map(ToString::to_string),
        quantity: line.quantity.0,
    });
    moved.collect()
}
