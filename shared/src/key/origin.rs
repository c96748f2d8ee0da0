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

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::document::Document;
    use crate::sample::{sale, terms_restarting, with};
    use crate::shape::{Place, Shape};

    fn target(origin: Value, numbering: &Numbering) -> Option<String> {
        let mut place = Place::default();
        let document = Document::read(with(sale(), "/series", "B"), &mut place).unwrap();
        let origin = Origin::read(origin, &mut place).unwrap();
        let date = Day::parse("2026-10-30").unwrap();
        origin_key(&origin, &document.head, date, numbering).map(|target| match target {
            Target::Uid(uid) => uid.to_string(),
            Target::Key(key) => key,
        })
    }

    #[rstest]
    #[case(json!({"sequence": 7}), Some("ZH01/3/B/7"), Some("ZH01/3/B/2026-10-30/7"))]
    #[case(json!({"receipt_number": "A/7"}), Some("ZH01/3/B/r:A%2F7"), Some("ZH01/3/B/2026-10-30/r:A%2F7"))]
    #[case(
        json!({"sequence": 7, "business_date": "2026-10-01"}),
        Some("ZH01/3/B/7"),
        Some("ZH01/3/B/2026-10-01/7")
    )]
    #[case(json!({"sequence": 7, "till": "4", "series": "0"}), Some("ZH01/4/0/7"), Some("ZH01/4/0/7"))]
    #[case(json!({"sequence": 7, "store": "BE02"}), Some("BE02/3/B/7"), Some("BE02/3/B/7"))]
    #[case(
        json!({"sequence": 7, "uid": "4636ef54-b9db-52a8-b215-fe307dff173b"}),
        Some("4636ef54-b9db-52a8-b215-fe307dff173b"),
        Some("4636ef54-b9db-52a8-b215-fe307dff173b")
    )]
    #[case(json!({"line": 1}), None, None)]
    fn an_origin_names_a_document(
        #[case] origin: Value,
        #[case] never: Option<&str>,
        #[case] restarting: Option<&str>,
    ) {
        assert_eq!(
            target(origin.clone(), &Numbering::default()).as_deref(),
            never
        );
        assert_eq!(
            target(origin, &terms_restarting().numbering).as_deref(),
            restarting
        );
    }

    #[test]
    fn a_target_has_a_uid_either_way() {
        let by_key = Target::Key("ZH01/3/0/4711".to_owned()).uid();
        assert_eq!(by_key, Target::Uid(by_key).uid());
        assert_eq!(by_key.to_string(), "4636ef54-b9db-52a8-b215-fe307dff173b");
    }
}
