//! Which document a return or a void points back at.

use uuid::Uuid;

use super::{Numbering, Numbers, dated, number, path, uid};
use crate::document::sale::Origin;
use crate::document::{Head, SERIES_DEFAULT};
use crate::scalar::{Code, Day};

/// What an origin (`returned_from`, `void.of`) points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By uid.
    Uid(Uuid),
    /// By key.
    Key(String),
}

impl Target {
    /// The uid, whichever way it was pointed at.
    pub fn uid(&self) -> Uuid {
        match self {
            Self::Uid(uid) => *uid,
            Self::Key(key) => uid(key),
        }
    }
}

/// The document an origin points at: by its uid, else by its number. Store, till and series are
/// the document's own where the origin names none. `None` when it holds neither, or no till can be told.
pub fn origin_key(
    origin: &Origin,
    own: &Head,
    business_date: Day,
    numbering: &Numbering,
) -> Option<Target> {
    if let Some(uid) = origin.uid {
        return Some(Target::Uid(uid.0));
    }
    let number = number(origin.sequence, origin.receipt_number.as_ref())?;
    let store = origin.store.as_ref().unwrap_or(&own.store);
    let till = origin.till.as_ref().or(own.till.as_ref())?.as_str();
    let series = origin.series.as_ref().or(own.series.as_ref());
    let series = series.map_or(SERIES_DEFAULT, Code::as_str);
    let date = origin.business_date.unwrap_or(business_date);
    let numbers = if *store == own.store {
        numbering.of(till, date)
    } else {
        // How tills of another store number is not known here.
        Numbers::Never
    };
    let circle = path(&[store.as_str(), till, series]);
    Some(Target::Key(format!(
        "{circle}/{}",
        dated(number, numbers, date)
    )))
}
