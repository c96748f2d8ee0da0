//! The shop while a day goes on: what happens at its tills, in order, and the books that are kept of it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::day::{Event, HandIn, Plan};
use super::drawer::{TillDay, cash_movement, void};
use super::receipt::Receipt;
use super::{CARD, CASH, Product, count, moment, range, yesterday};
use crate::ledger::Ledger;
use crate::random::Random;

/// What lies on the shelf of every article when the shop opens, in thousandths.
pub const STOCK_AT_START: i64 = 1_000_000;
const OPENING: i64 = 20_000;
/// How many documents later than it happened a late document is handed in.
const LATE: usize = 12;

/// The shop while the day goes on.
pub struct Floor {
    pub random: Random,
    range: Vec<Product>,
    pub ledger: Ledger,
    pub date: Date,
    seconds: i64,
    tills: Vec<TillDay>,
    numbers: Vec<u64>,
    /// Sales of which nothing has come back yet.
    sold: Vec<Receipt>,
    sold_before: Vec<Receipt>,
    pub documents: Vec<HandIn>,
    /// Documents that are handed in after so many more.
    late: Vec<(usize, HandIn)>,
}

impl Floor {
    pub fn new(plan: &Plan) -> Self {
        let range = range();
        let names = (1..=plan.tills).map(|n| TillDay::new(&n.to_string(), OPENING));
        Self {
            random: Random::new(plan.seed),
            ledger: Ledger::new(&range, STOCK_AT_START),
            range,
            date: yesterday().yesterday().unwrap(),
            seconds: 0,
            tills: names.collect(),
            numbers: vec![0; plan.tills],
            sold: Vec::new(),
            sold_before: Vec::new(),
            documents: Vec::new(),
            late: Vec::new(),
        }
    }

    pub fn next_day(&mut self) {
        self.date = self.date.tomorrow().unwrap();
        self.seconds = 0;
        self.sold_before = std::mem::take(&mut self.sold);
        for till in &mut self.tills {
            *till = TillDay::new(&till.till, OPENING);
        }
    }

    pub fn open(&mut self) {
        let at = self.now();
        for index in 0..self.tills.len() {
            let document = self.tills[index].open(self.date, at);
            let till = &self.tills[index].till;
            self.ledger.open(till, self.date, OPENING);
            self.hand_in(index, document);
        }
    }

    /// Closes every till; in the second one's drawer something lacks.
    pub fn close(&mut self, missing: i64) {
        for (_, late) in std::mem::take(&mut self.late) {
            self.documents.push(late);
        }
        let at = self.now();
        for index in 0..self.tills.len() {
            let missing = if index == 1 { missing } else { 0 };
            let document = self.tills[index].close(self.date, at, missing);
            let counted = self.tills[index].cash_expected() - missing;
            self.ledger.close(&self.tills[index].till, counted);
            self.hand_in(index, document);
        }
    }

    fn now(&self) -> Timestamp {
        moment(self.date, self.seconds)
    }

    fn hand_in(&mut self, till: usize, document: Value) {
        let till = self.tills[till].till.clone();
        self.documents.push(HandIn { till, document });
        for late in &mut self.late {
            late.0 -= 1;
        }
        let due = |late: &mut (usize, HandIn)| late.0 == 0;
        let due: Vec<_> = self.late.extract_if(.., due).collect();
        self.documents.extend(due.into_iter().map(|late| late.1));
    }

    fn number(&mut self, till: usize) -> u64 {
        self.numbers[till] += 1;
        self.tills[till].number(self.numbers[till]);
        self.numbers[till]
    }

    pub fn happens(&mut self, event: Event) {
        self.seconds += i64::try_from(self.random.between(40, 90)).unwrap();
        let till = self.random.index(self.tills.len());
        match event {
            Event::Sale => {
                let sale = self.ring_up(till);
                self.hand_in(till, sale.json());
                self.sold.push(sale);
            }
            Event::EarlyVoid => self.early_void(till),
            Event::Void => self.void(),
            Event::BlindReturn => {
                let (product, thousandths) = self.some_goods();
                let back = self.empty_return(till).item(&product, -thousandths);
                self.pay_back(till, back);
            }
            Event::OldReturn => {
                let sold = self.take(true);
                let back = self.empty_return(till).item_of(&sold, 1);
                self.pay_back(till, back);
            }
            Event::Return => {
                let sold = self.take(false);
                let mut back = self.empty_return(till);
                for line in 1..=sold.lines.len().min(2) {
                    back = back.item_of(&sold, line);
                }
                self.pay_back(till, back);
            }
            Event::ReturnOfTwo => self.return_of_two(till),
            Event::Exchange => self.exchange(till),
            Event::Cash(kind, cents) => self.move_cash(till, kind, cents),
            Event::Count => self.count(till),
        }
    }

    fn some_goods(&mut self) -> (Product, i64) {
        let product = self.range[self.random.index(self.range.len())].clone();
        let thousandths = if product.weighed {
            self.random.between(120, 1_980)
        } else {
            1000 * self.random.between(1, 3)
        };
        (product, i64::try_from(thousandths).unwrap())
    }

    /// A sale with random goods and tenders, in the books but not yet handed in.
    fn ring_up(&mut self, till: usize) -> Receipt {
        let number = self.number(till);
        let mut sale = Receipt::sale(&self.tills[till].till, number, self.now(), self.date);
        for _ in 0..self.random.between(1, 4) {
            let (product, thousandths) = self.some_goods();
            sale = sale.item(&product, thousandths);
            if self.random.chance(1, 6) {
                let total = sale.lines.last().unwrap().total();
                sale = sale.less(total / 10);
            }
        }
        let total = sale.total();
        sale = match self.random.below(10) {
            0..=1 => sale.paid(CASH),
            2..=5 => sale.paid_with_note((total / 1000 + 1) * 1000),
            6 => sale.paid_in_parts(total / 3 + 1),
            _ => sale.paid(CARD),
        };
        self.book(till, &sale);
        sale
    }

    fn book(&mut self, till: usize, receipt: &Receipt) {
        self.tills[till].add(receipt, 1);
        self.ledger.receipt(receipt);
    }

    /// A sale of which nothing has come back, and of which nothing more will.
    fn take(&mut self, before: bool) -> Receipt {
        let sold = if before {
            &mut self.sold_before
        } else {
            &mut self.sold
        };
        let index = self.random.index(sold.len());
        sold.swap_remove(index)
    }

    fn empty_return(&mut self, till: usize) -> Receipt {
        let number = self.number(till);
        Receipt::back(&self.tills[till].till, number, self.now(), self.date)
    }

    fn pay_back(&mut self, till: usize, back: Receipt) {
        let back = back.paid(if self.random.chance(2, 3) { CASH } else { CARD });
        self.book(till, &back);
        self.hand_in(till, back.json());
    }

    /// One return of goods from two receipts, of different tax rates so that the tax falls apart without rounding.
    fn return_of_two(&mut self, till: usize) {
        let mut back = self.empty_return(till);
        for rate in [26, 81] {
            let line_of =
                |sale: &Receipt| sale.lines.iter().position(|line| line.product.rate == rate);
            let index = self
                .sold
                .iter()
                .position(|sale| line_of(sale).is_some())
                .unwrap();
            let sold = self.sold.swap_remove(index);
            back = back.item_of(&sold, line_of(&sold).unwrap() + 1);
        }
        self.pay_back(till, back);
    }

    fn exchange(&mut self, till: usize) {
        let sold = self.take(false);
        let (product, thousandths) = self.some_goods();
        let number = self.number(till);
        let exchange = Receipt::sale(&self.tills[till].till, number, self.now(), self.date)
            .item_of(&sold, 1)
            .item(&product, thousandths)
            .paid(CASH);
        self.book(till, &exchange);
        self.hand_in(till, exchange.json());
    }

    /// Undoes a sale of the day at the till that rang it up.
    fn void(&mut self) {
        let sold = self.take(false);
        let till = self
            .tills
            .iter()
            .position(|till| till.till == sold.till)
            .unwrap();
        let document = self.void_of(till, &sold);
        self.hand_in(till, document);
    }

    /// A sale and its void; the void is handed in first.
    fn early_void(&mut self, till: usize) {
        let sale = self.ring_up(till);
        self.seconds += 20;
        let document = self.void_of(till, &sale);
        let sale = HandIn {
            till: sale.till.clone(),
            document: sale.json(),
        };
        self.hand_in(till, document);
        self.late.push((LATE, sale));
    }

    fn void_of(&mut self, till: usize, sale: &Receipt) -> Value {
        let number = self.number(till);
        self.tills[till].add(sale, -1);
        self.ledger.void(number, self.now().as_second(), sale);
        void(number, self.now(), self.date, sale)
    }

    fn move_cash(&mut self, till: usize, kind: &str, cents: i64) {
        let number = self.number(till);
        let name = self.tills[till].till.clone();
        self.tills[till].cash(cents);
        self.ledger.cash(&name, cents);
        let document = cash_movement(&name, number, self.now(), self.date, kind, cents);
        self.hand_in(till, document);
    }

    /// Counts every fourth article; of some, goods lack. Handed in late, when more has been sold.
    fn count(&mut self, till: usize) {
        let mut counted = Vec::new();
        for product in self.range.clone().into_iter().skip(1).step_by(4) {
            self.ledger.lacks(
                &product.sku,
                1000 * i64::try_from(self.random.below(3)).unwrap(),
            );
            let on_hand = self.ledger.on_hand(&product.sku);
            counted.push((product, on_hand));
        }
        let document = count::spot(&format!("C-{}", self.date), self.date, self.now(), &counted);
        let till = self.tills[till].till.clone();
        self.late.push((LATE, HandIn { till, document }));
    }
}
