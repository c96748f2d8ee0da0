//! A till's day: opened, closed, money moved, numbers used, card batches settled.

use crate::scalar::{Amount, Code, Counts, Currency, Day, Moment, Note, Number, Text};
use crate::{choice, shape};

shape! {
    /// What lies in the drawer of one method.
    pub struct Opening {
        /// The till's name of the method.
        pub method: Text,
        /// Money.
        pub amount: Amount,
    }
}

shape! {
    /// A till's day begins.
    pub struct DayOpen {
        /// What lies in the drawer; a `float` comes on top.
        #[schemars(default)]
        pub opening: Vec<Opening>,
    }
}

shape! {
    /// A day's tax by rate.
    pub struct DayTax {
        /// The till's tax code.
        pub code: Option<Text>,
        /// Per cent.
        pub rate: Option<Amount>,
        /// What was taxed.
        pub base: Option<Amount>,
        /// The tax.
        pub amount: Amount,
    }
}

shape! {
    /// A day's sales as the till summed them.
    pub struct DaySales {
        /// Positive line totals after discounts, tax included.
        pub gross: Amount,
        /// Negative line totals; negative.
        pub returns: Amount,
        /// Discounts given.
        pub discounts: Option<Amount>,
        /// Tax.
        pub tax: Option<Amount>,
        /// Tax by rate.
        #[schemars(default)]
        pub by_tax: Vec<DayTax>,
    }
}

shape! {
    /// A method's balance in another currency.
    pub struct DayForeign {
        /// The other currency.
        pub currency: Currency,
        /// What it should hold.
        pub expected: Option<Amount>,
        /// What was counted.
        pub counted: Option<Amount>,
    }
}

shape! {
    /// A method's balance at the close; difference = counted - expected.
    pub struct DayTender {
        /// The till's name of the method.
        pub method: Text,
        /// What it should hold; for cash with opening and movements.
        pub expected: Option<Amount>,
        /// What was counted.
        pub counted: Option<Amount>,
        /// Too much or too little.
        pub difference: Option<Amount>,
        /// In another currency.
        pub foreign: Option<DayForeign>,
    }
}

shape! {
    /// The drawer's story of the day.
    pub struct Drawer {
        /// At the start.
        pub opening: Amount,
        /// Put in.
        pub r#in: Amount,
        /// Taken out, positive.
        pub out: Amount,
        /// At the end.
        pub closing: Amount,
    }
}

shape! {
    /// A till's day ends (the Z).
    pub struct DayClose {
        /// The till's number of the close.
        pub z_number: Option<Number>,
        /// First number of the day.
        pub first_sequence: Option<Number>,
        /// Last number of the day.
        pub last_sequence: Option<Number>,
        /// Counters by name.
        #[schemars(default)]
        pub counts: Counts,
        /// The day's sales.
        pub sales: Option<DaySales>,
        /// Balances by method.
        #[schemars(default)]
        pub tenders: Vec<DayTender>,
        /// The drawer's story.
        pub drawer: Option<Drawer>,
    }
}

choice! {
    /// Why money moved.
    pub enum MovementType {
        /// Change put into the drawer.
        Float = "float",
        /// Money put in.
        PayIn = "pay_in",
        /// Money taken out for an expense.
        PayOut = "pay_out",
        /// Money taken to the safe.
        Pickup = "pickup",
        /// Money taken to the bank.
        BankDeposit = "bank_deposit",
    }
}

shape! {
    /// An amount in another currency.
    pub struct MovementForeign {
        /// The other currency.
        pub currency: Currency,
        /// In that currency.
        pub amount: Amount,
        /// Document currency per unit of it.
        pub rate: Option<crate::scalar::Price>,
    }
}

shape! {
    /// Money put into (positive) or taken out of (negative) a drawer.
    pub struct CashMovement {
        /// Why.
        pub r#type: MovementType,
        /// The till's name of the method.
        pub method: Text,
        /// Money.
        pub amount: Amount,
        /// In another currency.
        pub foreign: Option<MovementForeign>,
        /// In words.
        pub reason: Option<Note>,
    }
}

choice! {
    /// What used a number.
    pub enum ActivityType {
        /// A receipt given up.
        Cancelled = "cancelled",
        /// A receipt parked.
        Suspended = "suspended",
        /// A parked receipt taken up again.
        Resumed = "resumed",
        /// Practice.
        Training = "training",
        /// Drawer opened without a sale.
        NoSale = "no_sale",
        /// Somebody signed on.
        SignOn = "sign_on",
        /// Somebody signed off.
        SignOff = "sign_off",
        /// A receipt printed again.
        Reprint = "reprint",
        /// Anything else.
        Other = "other",
    }
}

shape! {
    /// A number was used and nothing moved.
    pub struct TillActivity {
        /// What it was.
        pub r#type: ActivityType,
        /// Money shown, for information.
        pub amount: Option<Amount>,
    }
}

shape! {
    /// A brand's sum in a batch.
    pub struct SettlementTotal {
        /// Card brand.
        pub brand: Option<Text>,
        /// How many payments.
        pub count: Number,
        /// As charged; refunds negative.
        pub amount: Amount,
    }
}

shape! {
    /// One payment of a batch.
    pub struct SettlementItem {
        /// The provider's reference.
        pub reference: Text,
        /// As charged; refunds negative.
        pub amount: Amount,
        /// When it was paid.
        pub occurred_at: Option<Moment>,
    }
}

shape! {
    /// A card terminal's or provider's batch.
    pub struct Settlement {
        /// The provider.
        pub provider: Code,
        /// The terminal.
        pub terminal: Option<Code>,
        /// The batch.
        pub batch: Code,
        /// From when.
        pub from_at: Moment,
        /// Until when.
        pub to_at: Moment,
        /// Sums by brand.
        #[schemars(default)]
        pub totals: Vec<SettlementTotal>,
        /// Fees, positive when deducted.
        pub fees: Option<Amount>,
        /// When the money comes.
        pub payout_date: Option<Day>,
        /// The payments.
        #[schemars(default)]
        pub items: Vec<SettlementItem>,
    }
}
