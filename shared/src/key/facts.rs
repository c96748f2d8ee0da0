//! What of a document goes into its key.

use super::path;
use crate::document::sale::Origin;
use crate::document::{Body, Document, Kind, SERIES_DEFAULT, Source};
use crate::scalar::{Code, Day, Moment, Number, Text};
use crate::shape;

shape! {
    #[derive(Default)]
    /// What of a body goes into the key. Every field is optional: which ones a kind has is [`super::key`]'s business.
    pub struct BodyFacts {
        /// The number of a day close.
        pub z_number: Option<Number>,
        /// What a void undoes.
        pub of: Option<Origin>,
        /// The count of a stock count.
        pub count: Option<Code>,
        /// The part of a count, move or pickup.
        pub part: Option<Code>,
        /// The type of a move or pickup.
        pub r#type: Option<Text>,
        /// The reference of a move.
        pub reference: Option<Text>,
        /// The order of a pickup.
        pub order: Option<Text>,
        /// The provider of a settlement.
        pub provider: Option<Code>,
        /// The terminal of a settlement.
        pub terminal: Option<Code>,
        /// The batch of a settlement.
        pub batch: Option<Code>,
        /// Until when a settlement reaches.
        pub to_at: Option<Moment>,
    }
}

shape! {
    /// What of a document goes into its key, and no more: it can be read from documents of later schemas too.
    pub struct Facts {
        /// What happened.
        pub kind: Kind,
        /// The store.
        pub store: Code,
        /// The till.
        pub till: Option<Code>,
        /// The till's number circle.
        pub series: Option<Code>,
        /// The till's running number.
        pub sequence: Option<Number>,
        /// The number as printed.
        pub receipt_number: Option<Text>,
        /// The trading day, if the document says.
        pub business_date: Option<Day>,
        /// When it happened.
        pub occurred_at: Moment,
        /// Where it comes from.
        pub source: Option<Source>,
        /// What of the body goes into the key.
        pub body: BodyFacts,
    }
}

impl Facts {
    /// The facts of a document.
    pub fn of(document: &Document) -> Self {
        let head = &document.head;
        Self {
            kind: head.kind,
            store: head.store.clone(),
            till: head.till.clone(),
            series: head.series.clone(),
            sequence: head.sequence,
            receipt_number: head.receipt_number.clone(),
            business_date: head.business_date,
            occurred_at: head.occurred_at.clone(),
            source: head.source.clone(),
            body: BodyFacts::of(&document.body),
        }
    }

    /// Store, till and series: the circle in which the till's numbers run. `None` without a till.
    pub(super) fn circle(&self) -> Option<String> {
        let series = self.series.as_ref().map_or(SERIES_DEFAULT, Code::as_str);
        Some(path(&[
            self.store.as_str(),
            self.till.as_ref()?.as_str(),
            series,
        ]))
    }
}

impl BodyFacts {
    fn of(body: &Body) -> Self {
        let none = Self::default();
        match body {
            Body::Sale(_)
            | Body::Return(_)
            | Body::DayOpen(_)
            | Body::CashMovement(_)
            | Body::TillActivity(_) => none,
            Body::Void(void) => Self {
                of: Some(void.of.clone()),
                ..none
            },
            Body::DayClose(close) => Self {
                z_number: close.z_number,
                ..none
            },
            Body::Settlement(settlement) => Self {
                provider: Some(settlement.provider.clone()),
                terminal: settlement.terminal.clone(),
                batch: Some(settlement.batch.clone()),
                to_at: Some(settlement.to_at.clone()),
                ..none
            },
            Body::StockCount(count) => Self {
                count: Some(count.count.clone()),
                part: count.part.clone(),
                ..none
            },
            Body::StockMove(moved) => Self {
                r#type: Text::parse(moved.r#type.as_str()),
                reference: Some(moved.reference.clone()),
                part: moved.part.clone(),
                ..none
            },
            Body::Pickup(pickup) => Self {
                r#type: Text::parse(pickup.r#type.as_str()),
                order: Some(pickup.order.clone()),
                part: pickup.part.clone(),
                ..none
            },
        }
    }
}
