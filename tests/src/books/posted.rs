//! What the closes posted: sums of the journal items of each till's sessions, by what they are for.

use super::TILL;
use super::tables::Tables;
use crate::figures::Figures;
use crate::odoo::Database;

/// What is booked of each till's closed sessions. An item that is none of these stands there by its own name: a rounding
/// line, or a difference that Odoo booked to make an entry balance.
pub fn booked(database: &Database, tables: &Tables, figures: &mut Figures) {
    let Tables {
        entries,
        account: [money, debt, income],
        method,
        ..
    } = tables;
    let methods = format!(
        "SELECT {method} AS name, CASE WHEN is_cash_count THEN 'cash' ELSE lower({method}) END AS label \
         FROM pos_payment_method m"
    );
    let items = format!(
        "SELECT {TILL} AS till, -l.balance AS amount, CASE \
         WHEN e.what IN ('moved', 'difference') AND NOT {money} THEN 'cash ' || e.what \
         WHEN e.what <> 'close' AND {money} AND a.id = j.default_account_id THEN 'into the drawer' \
         WHEN e.what <> 'close' THEN NULL \
         WHEN l.name = 'Rounding line' THEN l.name \
         WHEN l.tax_line_id IS NOT NULL THEN 'tax ' || trim_scale(t.amount) || ' %' \
         WHEN {income} THEN 'income' \
         WHEN {debt} AND p.label IS NOT NULL THEN 'received ' || p.label \
         ELSE l.name END AS what \
         FROM ({entries}) e JOIN pos_session s ON s.id = e.session JOIN pos_config c ON c.id = s.config_id \
         JOIN account_move v ON v.id = e.move AND v.state = 'posted' JOIN account_journal j ON j.id = v.journal_id \
         JOIN account_move_line l ON l.move_id = v.id JOIN account_account a ON a.id = l.account_id \
         LEFT JOIN account_tax t ON t.id = l.tax_line_id \
         LEFT JOIN ({methods}) p ON l.name = s.name || ' - ' || p.name \
         WHERE c.name LIKE 'ZH01-%'"
    );
    // What is owed to us and what lies in the drawer are debits, the rest credits.
    let sums = format!(
        "SELECT till AS a, what AS b, \
         (CASE WHEN what LIKE 'received %' OR what = 'into the drawer' THEN -1 ELSE 1 END * sum(amount))\
         ::numeric(16,2)::text AS c \
         FROM ({items}) i WHERE what IS NOT NULL GROUP BY 1, 2 HAVING sum(amount) <> 0"
    );
    for row in database.rows(&sums) {
        figures.set(format!("till {}: booked {}", row[0], row[1]), &row[2]);
    }
}

/// The two ends of every closed session's day, and the cash difference that was booked of it.
pub fn days(database: &Database, tables: &Tables, figures: &mut Figures) {
    let Tables {
        day: [day, opening, counted],
        drawer,
        entries,
        account: [money, ..],
        ..
    } = tables;
    let difference = format!(
        "SELECT coalesce(sum(l.balance), 0) FROM ({entries}) e JOIN account_move_line l ON l.move_id = e.move \
         JOIN account_account a ON a.id = l.account_id WHERE e.session = s.id AND e.what = 'difference' AND {money}"
    );
    let select = format!(
        "SELECT {TILL} AS a, {day} AS b, {opening}::numeric(16,2)::text AS c, {counted}::numeric(16,2)::text AS d, \
         ({difference})::numeric(16,2)::text AS e FROM {drawer} JOIN pos_config c ON c.id = s.config_id \
         WHERE c.name LIKE 'ZH01-%' AND s.state = 'closed'"
    );
    for row in database.rows(&select) {
        for (name, value) in ["opening", "counted", "difference"].iter().zip(&row[2..]) {
            figures.set(format!("till {} on {}: {name}", row[0], row[1]), value);
        }
    }
}
