//! How a sale was paid, and how the money went back.

use crate::scalar::{Amount, Currency, Ext, Price, Text};
use crate::{choice, shape};

choice! {
    /// How was paid.
    pub enum TenderType {
        /// Notes and coins.
        Cash = "cash",
        /// Debit or credit card.
        Card = "card",
        /// Voucher.
        Voucher = "voucher",
        /// Gift card.
        GiftCard = "gift_card",
        /// Store credit.
        StoreCredit = "store_credit",
        /// On the customer's account.
        OnAccount = "on_account",
        /// Cheque.
        Cheque = "cheque",
        /// Mobile payment.
        Mobile = "mobile",
        /// Bank transfer.
        Bank = "bank",
        /// Loyalty points.
        Loyalty = "loyalty",
        /// Anything else.
        Other = "other",
    }
}

shape! {
    /// What was handed over in another currency.
    pub struct Foreign {
        /// The other currency.
        pub currency: Currency,
        /// In that currency.
        pub amount: Amount,
        /// Document currency per unit of it.
        pub rate: Price,
    }
}

shape! {
    /// What is kept of a card payment.
    pub struct Card {
        /// Brand.
        pub brand: Option<Text>,
        /// The last four digits.
        pub last4: Option<Text>,
        /// The authorisation's code.
        pub auth_code: Option<Text>,
        /// The terminal.
        pub terminal: Option<Text>,
        /// The provider's reference.
        pub reference: Option<Text>,
    }
}

shape! {
    /// One payment. Received positive, paid back negative; `amount` holds its tip and cashback.
    pub struct Tender {
        /// How was paid.
        pub r#type: TenderType,
        /// The till's name of the method.
        pub method: Text,
        /// All that went through the method.
        pub amount: Amount,
        /// Voucher, gift card or cheque number.
        pub reference: Option<Text>,
        /// In another currency.
        pub foreign: Option<Foreign>,
        /// Tip within the amount.
        pub tip: Option<Amount>,
        /// Cash given out within the amount.
        pub cashback: Option<Amount>,
        /// Card details that may be kept.
        pub card: Option<Card>,
        /// Fields of the sender's own.
        #[schemars(default)]
        pub ext: Ext,
    }
}
