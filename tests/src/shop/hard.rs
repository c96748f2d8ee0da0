//! Two days of three tills with everything in them that is hard on an ERP's books: prices with and without tax, cash
//! rounded to coins, goods by lot and by the gram, goods that come back at another till, voids of every kind, a sale that
//! comes when its day is closed, and a count of the morning that comes in the evening.
//!
//! Written down step by step rather than by chance, so that every step is there, and can be named when it goes wrong.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::day::HandIn;
use super::drawer::{TillDay, void};
use super::floor::STOCK_AT_START;
use super::receipt::Receipt;
use super::{CARD, Product, count, moment, range, yesterday};
use crate::figures::money;
use crate::ledger::Ledger;

/// What lies in every drawer in the morning.
const OPENING: i64 = 20_000;
/// The lots of the article that is kept by lots.
pub const LOTS: [&str; 2] = ["L-1", "L-2"];
/// Thousandths of each lot when the shop opens.
pub const LOT_AT_START: i64 = 20_000;

/// The article whose stock is kept by lots.
pub fn by_lot() -> Product {
    Product {
        sku: "TP-LOT".to_owned(),
        barcode: "7613000099993".to_owned(),
        name: "Kept by lot".to_owned(),
        price: 1_243,
        rate: 81,
        weighed: false,
    }
}

/// What is handed in, and the books of it.
pub struct HardDays {
    /// The first day, its late count before its closes.
    pub first: Vec<HandIn>,
    /// The second day, with a late sale of the first.
    pub second: Vec<HandIn>,
    /// A void of what was voided already, under another number.
    pub void_again: HandIn,
    pub ledger: Ledger,
}

/// The shop while the days go on.
struct Days {
    date: Date,
    minute: i64,
    tills: Vec<TillDay>,
    numbers: [u64; 3],
    /// The smallest coin, in cents.
    coin: i64,
    ledger: Ledger,
    documents: Vec<HandIn>,
}

impl HardDays {
    pub fn tills() -> Vec<String> {
        ["1", "2", "3"].map(str::to_owned).to_vec()
    }

    /// The two days, where cash is rounded to coins of so many cents.
    pub fn generate(coin: i64) -> Self {
        let mut ledger = Ledger::new(&range(), STOCK_AT_START);
        ledger.lots(&by_lot().sku, &LOTS, LOT_AT_START);
        let mut days = Days {
            date: yesterday().yesterday().unwrap(),
            minute: 0,
            tills: Vec::new(),
            numbers: [0; 3],
            coin,
            ledger,
            documents: Vec::new(),
        };
        let (late, lot_sale, voided) = days.first();
        let first = std::mem::take(&mut days.documents);
        days.date = yesterday();
        days.second(&late, &lot_sale);
        let number = days.numbers[0] + 1;
        let document = void(number, days.now(), days.date, &voided);
        Self {
            void_again: HandIn {
                till: voided.till,
                document,
            },
            first,
            second: days.documents,
            ledger: days.ledger,
        }
    }
}

impl Days {
    /// The first day; a sale that is handed in too late, one that comes back on the second day, and one that was voided.
    fn first(&mut self) -> (Receipt, Receipt, Receipt) {
        let goods = range();
        self.open();
        let with_tax = self.begin(0).item(&goods[9], 345).item(&goods[1], 2_000);
        let with_tax = self.ring_up(with_tax.paid_in_coins(self.coin));
        let without = self.begin(0).without_tax();
        let without = without.item(&goods[0], 3_000).item(&goods[2], 1_000);
        self.ring_up(without.paid(CARD));
        let lots = self.begin(1).item(&by_lot(), 2_000).of_lot(LOTS[0]);
        let lots = self.ring_up(lots.item(&goods[19], 1_234).paid_in_coins(self.coin));
        let weighed = self.begin(2).without_tax().item(&goods[29], 777);
        self.ring_up(weighed.paid_in_coins(self.coin));
        // Goods of the first till's receipt come back at the second one.
        let back = self.back(1).item_of(&with_tax, 2);
        let back = self.ring_up(back.paid_in_coins(self.coin));
        let counted = self.count();

        let mixed = self.begin(0).item(&goods[3], 5_000).item(&goods[6], 1_000);
        let mixed = self.ring_up(mixed.paid_in_parts(1_000));
        self.void_by_card(0, &mixed);
        let swapped = self.begin(2).item_of(&with_tax, 1).item(&goods[5], 2_000);
        let swapped = self.ring_up(swapped.paid_in_coins(self.coin));
        self.void(2, &swapped);
        self.void(1, &back);
        let lot_undone = self.begin(0).item(&by_lot(), 1_000).of_lot(LOTS[1]);
        let lot_undone = self.ring_up(lot_undone.paid_in_coins(self.coin));
        self.void(0, &lot_undone);
        let card = self
            .begin(2)
            .item(&goods[39], 2_345)
            .item(&goods[11], 1_000);
        self.ring_up(card.less(7).paid(CARD));
        let cash = self.begin(1).item(&goods[13], 1_000).item(&goods[1], 1_000);
        self.ring_up(cash.paid_in_coins(self.coin));
        let cash = self.begin(2).item(&goods[14], 1_000);
        self.ring_up(cash.paid(CARD));
        self.hand_in(1, counted);
        self.close();
        // Rung up after the day's close, on its date.
        let late = self.begin(1).item(&goods[21], 1_000);
        (late.paid_in_coins(self.coin), lots, mixed)
    }

    /// The second day, with what came late of the first.
    fn second(&mut self, late: &Receipt, lots: &Receipt) {
        let goods = range();
        self.minute = 0;
        self.open();
        self.ledger.receipt(late);
        self.hand_in(1, late.json());
        let back = self.back(0).item_of(lots, 1);
        self.ring_up(back.paid_in_coins(self.coin));
        for till in 0..3 {
            let sale = self.begin(till).item(&goods[24], 1_000);
            self.ring_up(
                sale.item(&by_lot(), 1_000)
                    .of_lot(LOTS[1])
                    .paid_in_coins(self.coin),
            );
        }
        self.close();
    }

    fn now(&self) -> Timestamp {
        moment(self.date, 60 * self.minute)
    }

    fn open(&mut self) {
        self.tills = HardDays::tills()
            .iter()
            .map(|till| TillDay::new(till, OPENING))
            .collect();
        for till in 0..3 {
            self.ledger.open(&self.tills[till].till, self.date, OPENING);
            self.hand_in(till, self.tills[till].open(self.date, self.now()));
        }
    }

    fn close(&mut self) {
        self.minute += 1;
        for till in 0..3 {
            self.ledger
                .close(&self.tills[till].till, self.tills[till].cash_expected());
            self.hand_in(till, self.tills[till].close(self.date, self.now(), 0));
        }
    }

    fn number(&mut self, till: usize) -> u64 {
        self.minute += 1;
        self.numbers[till] += 1;
        self.numbers[till]
    }

    fn begin(&mut self, till: usize) -> Receipt {
        let number = self.number(till);
        Receipt::sale(&self.tills[till].till, number, self.now(), self.date)
    }

    fn back(&mut self, till: usize) -> Receipt {
        let number = self.number(till);
        Receipt::back(&self.tills[till].till, number, self.now(), self.date)
    }

    fn ring_up(&mut self, receipt: Receipt) -> Receipt {
        let till = self.till_of(&receipt);
        self.tills[till].add(&receipt, 1);
        self.ledger.receipt(&receipt);
        self.hand_in(till, receipt.json());
        receipt
    }

    fn till_of(&self, receipt: &Receipt) -> usize {
        let own = |till: &TillDay| till.till == receipt.till;
        self.tills.iter().position(own).unwrap()
    }

    fn void(&mut self, till: usize, of: &Receipt) {
        let number = self.number(till);
        self.tills[till].add(of, -1);
        self.ledger.void(number, self.now().as_second(), of);
        self.hand_in(till, void(number, self.now(), self.date, of));
    }

    /// A void whose money goes back by card, whatever the sale was paid with.
    fn void_by_card(&mut self, till: usize, of: &Receipt) {
        let number = self.number(till);
        let back = Receipt {
            tenders: vec![(CARD, of.total())],
            change: 0,
            cash_rounding: 0,
            ..of.clone()
        };
        self.tills[till].add(&back, -1);
        self.ledger
            .void_by(number, self.now().as_second(), of, CARD);
        let mut document = void(number, self.now(), self.date, of);
        document["body"]["refund_tenders"] =
            json!([{"type": "card", "method": CARD, "amount": money(-of.total())}]);
        self.hand_in(till, document);
    }

    /// Counts what was sold in the morning; of the first article one lacks.
    fn count(&mut self) -> Value {
        let goods = range();
        self.minute += 1;
        self.ledger.lacks(&goods[0].sku, 1_000);
        let counted = [0, 1, 9, 13, 19].map(|n| {
            let product = goods[n].clone();
            let on_hand = self.ledger.on_hand(&product.sku);
            (product, on_hand)
        });
        count::spot("NOON", self.date, self.now(), &counted)
    }

    fn hand_in(&mut self, till: usize, document: Value) {
        let till = self.tills[till].till.clone();
        self.documents.push(HandIn { till, document });
    }
}
