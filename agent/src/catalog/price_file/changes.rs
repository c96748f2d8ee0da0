//! A price file with only what changed. A till takes the file away when it has read it; as long as it lies there, the
//! next one holds its changes too, and nothing is told only in a file that was written over.
//!
//! Whether the till reads the old file while the new one comes is not known, nor whether it then removes the new one
//! unread. So whatever it may have read since the state it has for sure is told again, as what it is now, and a file that
//! took another's place is told once more when it has gone. Twice told is once in effect.

use std::collections::HashSet;

use tillpost_shared::profile::outward::line::{Change, Left};

use super::known::{Known, Marks, Next, Which, mark};
use super::{All, Out, PriceFileError, Settings, Written, place, tell_left};
use crate::failpoint;

/// Whether a file that took another's place has gone, and is to be told once more.
pub fn again(settings: &Settings) -> bool {
    Known::new(settings).replaced() && !settings.path.exists()
}

/// Writes the changes, when there are any.
pub fn write(all: &All<'_>) -> Result<Written, PriceFileError> {
    let known = Known::new(all.settings);
    let mut next = known.next(Which::Sent)?;
    let (current, left) = current(all, &mut next)?;
    let sent = known.sent()?;
    let lies_there = all.settings.path.exists();
    let again = known.replaced() && !lies_there;
    if sent.as_ref() == Some(&current) && !again {
        let mut written = Written::default();
        tell_left(&mut written, left);
        return Ok(written);
    }
    let taken = !lies_there && !again;
    let (base, open) = match taken {
        true => (sent.unwrap_or_default(), Marks::new()),
        false => (known.base()?.unwrap_or_default(), known.open()?),
    };
    let mut written = tell(all, &known, &current, &base, &open)?;
    tell_left(&mut written, left);
    if lies_there {
        known.set_replaced(true)?;
    }
    place(all.settings)?;
    failpoint::hit("price_file.placed");
    known.written(next, taken)?;
    if again {
        known.set_replaced(false)?;
    }
    written.new = true;
    Ok(written)
}

/// What the catalog says now.
fn current(all: &All<'_>, next: &mut Next) -> Result<(Marks, Vec<Left>), PriceFileError> {
    let (mut left, mut current) = (Vec::new(), Marks::new());
    all.rows(&mut |row| match row {
        Ok((key, cells)) => {
            next.row(&key, &cells)?;
            current.insert(key, mark(&cells));
            Ok(())
        }
        Err(not) => {
            left.push(not);
            Ok(())
        }
    })?;
    Ok((current, left))
}

/// Writes what differs from `base`, or was told since, and notes it.
fn tell(
    all: &All<'_>,
    known: &Known,
    current: &Marks,
    base: &Marks,
    open: &Marks,
) -> Result<Written, PriceFileError> {
    let mut out = Out::begin(all.settings)?;
    let mut told = known.next(Which::Open)?;
    // First what is gone: a barcode may have gone to another product.
    let mut gone = HashSet::new();
    known.rows(&mut |key, cells| {
        let had = base.contains_key(&key) || open.contains_key(&key);
        if had && !current.contains_key(&key) && gone.insert(key.clone()) {
            told.row(&key, &cells)?;
            out.row(&key, &cells, Change::Gone)?;
        }
        Ok(())
    })?;
    all.rows(&mut |row| {
        let Ok((key, cells)) = row else { return Ok(()) };
        if base.get(&key) == current.get(&key) && !open.contains_key(&key) {
            return Ok(());
        }
        let change = match base.contains_key(&key) {
            true => Change::Changed,
            false => Change::New,
        };
        told.row(&key, &cells)?;
        out.row(&key, &cells, change)
    })?;
    let (_, written) = out.finished()?;
    known.opened(told)?;
    Ok(written)
}
