//! A table of a test's database in which nobody can write for a while: whoever tries hangs in PostgreSQL, as a request
//! does in an Odoo that is slow. Reading goes on.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use crate::odoo::Database;
use crate::wait;

/// The lock; it ends with the value.
pub struct TableLock {
    psql: Child,
}

impl TableLock {
    /// Waits until nobody else writes in the table, and locks it.
    pub fn of(database: &Database, table: &str) -> Self {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-d", &database.target()]);
        let mut psql = psql
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let sql = format!("BEGIN; LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;\n");
        let stdin = psql.stdin.as_mut().unwrap();
        stdin.write_all(sql.as_bytes()).unwrap();
        stdin.flush().unwrap();
        let lock = Self { psql };
        wait::until("the lock", || {
            let held = database.number(&format!(
                "SELECT count(*) AS a FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
                 WHERE c.relname = '{table}' AND l.mode = 'ShareRowExclusiveLock' AND l.granted"
            ));
            (held == 1).then_some(())
        });
        lock
    }

    /// How many requests hang at a lock in the database.
    pub fn hanging(database: &Database) -> i64 {
        database.number(
            "SELECT count(*) AS a FROM pg_stat_activity WHERE datname = current_database() \
             AND wait_event_type = 'Lock'",
        )
    }
}

impl Drop for TableLock {
    fn drop(&mut self) {
        // At the end of its input psql goes, and what it had locked is free.
        drop(self.psql.stdin.take());
        let _ = self.psql.wait();
    }
}
