//! What differs between the versions' tables.

use crate::odoo::Database;

/// Where a version keeps what.
pub struct Tables {
    /// The uid of the order `o`.
    pub order: &'static str,
    /// The uid of the line `l`.
    pub line: &'static str,
    /// That the line `r` takes back the line `l`.
    pub takes_back: &'static str,
    /// Money moved by hand in the session `s`. It has a reason; what a close books has the session's name.
    pub moves: &'static str,
    /// Every entry of a session: `session`, `move`, and what the entry is for: `close`, `moved`, `difference` or `other`.
    pub entries: &'static str,
    /// The two ends of the day of the session `s`: which day, what lay in the drawer, what was counted.
    pub day: [&'static str; 3],
    /// The session `s` with its drawer.
    pub drawer: &'static str,
    /// Whether the account `a` is one of money, of debts to us, of income.
    pub account: [&'static str; 3],
    /// The name of the payment method `m`.
    pub method: &'static str,
    /// The table of lots.
    pub lots: &'static str,
}

/// The uid of the order `o`, in the words of a version's tables.
pub fn order_uid(version: u32) -> &'static str {
    tables_of(version).order
}

/// The tables of a database's version.
pub fn tables(database: &Database) -> Tables {
    tables_of(database.server.version)
}

fn tables_of(version: u32) -> Tables {
    match version {
        19 => Tables {
            order: "o.uuid",
            line: "l.uuid",
            takes_back: "l.id = r.refunded_orderline_id",
            moves: "LEFT JOIN account_bank_statement_line l ON l.pos_session_id = s.id AND l.payment_ref ~ '-(in|out)-'",
            entries: "SELECT id AS session, move_id AS move, 'close' AS what FROM pos_session UNION ALL \
                      SELECT pos_session_id, move_id, CASE WHEN payment_ref ~ '-(in|out)-' THEN 'moved' \
                      WHEN payment_ref LIKE 'Cash difference%' THEN 'difference' ELSE 'other' END \
                      FROM account_bank_statement_line WHERE pos_session_id IS NOT NULL UNION ALL \
                      SELECT pos_session_id, move_id, 'other' FROM account_payment WHERE pos_session_id IS NOT NULL",
            day: [
                "substring(s.opening_notes FROM 'Tillpost (.*)$')",
                "s.cash_register_balance_start",
                "s.cash_register_balance_end_real",
            ],
            drawer: "pos_session s",
            account: [
                "a.account_type = 'asset_cash'",
                "a.account_type = 'asset_receivable'",
                "a.account_type LIKE 'income%'",
            ],
            method: "m.name->>'en_US'",
            lots: "stock_lot",
        },
        // Odoo 14 has no uids: ours stand in the lines' names, and what a line takes back in its notice.
        14 => Tables {
            order: "(SELECT split_part(n.name, ' ', 1) FROM pos_order_line n WHERE n.order_id = o.id ORDER BY n.id LIMIT 1)",
            line: "split_part(l.name, ' ', 2)",
            takes_back: "r.notice = 'takes back line ' || l.id",
            moves: "LEFT JOIN account_bank_statement b ON b.pos_session_id = s.id \
                    LEFT JOIN account_bank_statement_line l ON l.statement_id = b.id \
                    AND l.payment_ref ~ '[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-'",
            entries: "SELECT id AS session, move_id AS move, 'close' AS what FROM pos_session UNION ALL \
                      SELECT b.pos_session_id, l.move_id, \
                      CASE WHEN l.payment_ref ~ '[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-' THEN 'moved' \
                      WHEN l.payment_ref LIKE 'Cash difference%' THEN 'difference' ELSE 'other' END \
                      FROM account_bank_statement_line l JOIN account_bank_statement b ON b.id = l.statement_id \
                      WHERE b.pos_session_id IS NOT NULL",
            day: [
                "substring(s.name FROM 'Tillpost (.*)$')",
                "b.balance_start",
                "b.balance_end_real",
            ],
            drawer: "pos_session s JOIN account_bank_statement b ON b.pos_session_id = s.id",
            account: [
                "a.internal_type = 'liquidity'",
                "a.internal_type = 'receivable'",
                "a.internal_group = 'income'",
            ],
            method: "m.name",
            lots: "stock_production_lot",
        },
        other => panic!("nobody has looked into the tables of Odoo {other}"),
    }
}
