//! Goods counted, moved and handed over.

use crate::document::sale::{Lot, Product};
use crate::scalar::{Amount, Code, Ext, Moment, Note, Number, Text};
use crate::{choice, shape};

choice! {
    /// What a count covers.
    pub enum CountMode {
        /// Everything.
        Full = "full",
        /// A part of the range, in turn.
        Cycle = "cycle",
        /// A few products.
        Spot = "spot",
    }
}

choice! {
    /// What it means that a product is not in the count.
    pub enum MissingMeans {
        /// It was not counted.
        NotCounted = "not_counted",
        /// There is none.
        Zero = "zero",
    }
}

shape! {
    /// One counted product; the quantities of one product, location and lot add up.
    pub struct CountLine {
        /// Its number.
        pub line: Number,
        /// Where; the store's stock when absent.
        pub location: Option<Text>,
        /// What.
        pub product: Product,
        /// How much.
        pub quantity: Amount,
        /// Unit; "EA" when absent.
        pub unit: Option<Text>,
        /// Lots and serials.
        #[schemars(default)]
        pub lots: Vec<Lot>,
        /// When it was counted.
        pub counted_at: Option<Moment>,
        /// Fields of the sender's own.
        #[schemars(default)]
        pub ext: Ext,
    }
}

shape! {
    /// Goods counted. Nothing is applied before the part with `complete: true`.
    pub struct StockCount {
        /// The count.
        pub count: Code,
        /// The part of it.
        pub part: Option<Code>,
        /// What it covers.
        pub mode: CountMode,
        /// The moment that the count describes.
        pub cutoff_at: Moment,
        /// Whether it is the last part.
        pub complete: bool,
        /// What it means that a product is missing.
        pub missing_means: Option<MissingMeans>,
        /// What was counted.
        #[schemars(default)]
        pub lines: Vec<CountLine>,
    }
}

choice! {
    /// Why goods moved.
    pub enum MoveType {
        /// From a supplier.
        Receipt = "receipt",
        /// To another store.
        TransferOut = "transfer_out",
        /// From another store.
        TransferIn = "transfer_in",
        /// Back to a supplier.
        ReturnToVendor = "return_to_vendor",
        /// Thrown away.
        Waste = "waste",
        /// Used in the store.
        InternalUse = "internal_use",
        /// Corrected; the only signed one.
        Adjustment = "adjustment",
    }
}

shape! {
    /// One product moved.
    pub struct MoveLine {
        /// Its number.
        pub line: Number,
        /// What.
        pub product: Product,
        /// How much, positive in the type's direction.
        pub quantity: Amount,
        /// Unit; "EA" when absent.
        pub unit: Option<Text>,
        /// Lots and serials.
        #[schemars(default)]
        pub lots: Vec<Lot>,
        /// Why.
        pub reason: Option<Note>,
        /// Fields of the sender's own.
        #[schemars(default)]
        pub ext: Ext,
    }
}

shape! {
    /// Goods moved, not sold.
    pub struct StockMove {
        /// Why.
        pub r#type: MoveType,
        /// Delivery note or the like.
        pub reference: Text,
        /// The part of it.
        pub part: Option<Code>,
        /// Supplier or the like.
        pub partner: Option<Text>,
        /// From where.
        pub from: Option<Text>,
        /// To where.
        pub to: Option<Text>,
        /// What moved.
        #[schemars(default)]
        pub lines: Vec<MoveLine>,
    }
}

choice! {
    /// What became of an order.
    pub enum PickupType {
        /// The customer has it.
        HandedOver = "handed_over",
        /// Nobody came.
        NotCollected = "not_collected",
        /// The customer did not want it.
        Refused = "refused",
        /// It was sent.
        Shipped = "shipped",
    }
}

shape! {
    /// One product of an order.
    pub struct PickupLine {
        /// Its number.
        pub line: Number,
        /// What.
        pub product: Product,
        /// How much.
        pub quantity: Amount,
        /// Lots and serials.
        #[schemars(default)]
        pub lots: Vec<Lot>,
        /// Fields of the sender's own.
        #[schemars(default)]
        pub ext: Ext,
    }
}

shape! {
    /// An order handed over, or not.
    pub struct Pickup {
        /// The order.
        pub order: Text,
        /// The part of it.
        pub part: Option<Code>,
        /// What became of it.
        pub r#type: PickupType,
        /// Carrier.
        pub carrier: Option<Text>,
        /// Tracking number.
        pub tracking: Option<Text>,
        /// What it holds.
        #[schemars(default)]
        pub lines: Vec<PickupLine>,
    }
}
