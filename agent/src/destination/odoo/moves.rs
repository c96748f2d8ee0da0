//! Goods moved and not sold: receipts, transfers, returns to a vendor, own use and corrections, each as a transfer in
//! Odoo (what was thrown away is [`super::scrap`]).
//!
//! A document is looked for before anything is made, so that a resend, a new PC or a kill between two calls end with
//! the goods moved once. A correction in both directions is two transfers.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::json;
use tillpost_shared::document::StockMove;
use tillpost_shared::document::sale::Lot;
use tillpost_shared::document::stock::{MoveLine, MoveType};

use super::answer::{Blame, Refusal, judge};
use super::client::{CallError, Search};
use super::counts::Stop;
use super::desk::Desk;
use super::places;
use super::products::{self, Article, Code};
use super::stock;
use super::transfers::{self, Goods, Leg, Lots, Picking};
use super::{translate, translate_goods as goods_answers};
use crate::destination::Delivery;
use crate::outbox::{Cause, Outage, Verdict};

/// The reference of a document of which nothing had to be moved.
pub const NOTHING: &str = "no goods that keep stock";

/// A line's goods, found in Odoo.
pub(super) struct Found<'a> {
    /// The line's number.
    pub line: i64,
    /// What the till calls it.
    pub named: String,
    /// How much; a correction's may be negative.
    pub quantity: Decimal,
    /// Lots and serials as given.
    pub lots: &'a [Lot],
    /// What it is in Odoo.
    pub article: Article,
}

impl Desk {
    /// Moves goods.
    pub async fn stock_move(
        &mut self,
        delivery: &Delivery,
        moved: &StockMove,
    ) -> Result<Verdict, Outage> {
        match self.move_goods(delivery, moved).await {
            Ok(verdict) | Err(Stop::Verdict(verdict)) => Ok(verdict),
            Err(Stop::Outage(outage)) => Err(outage),
        }
    }

    async fn move_goods(
        &mut self,
        delivery: &Delivery,
        moved: &StockMove,
    ) -> Result<Verdict, Stop> {
        let missing = || {
            Stop::Verdict(translate::refused_here(goods_answers::place_missing(
                "warehouse",
            )))
        };
        let Some(config) = self.count_config(delivery).await? else {
            return Err(Stop::Verdict(
                self.till_missing(delivery.document.head.till()),
            ));
        };
        let warehouse = places::warehouse(&self.client, &config).await?;
        let warehouse = warehouse.ok_or_else(missing)?;
        let lines: Vec<_> = moved.lines.iter().map(of_move).collect();
        let (found, left_out) = self.found_goods(&lines).await?;
        let sides = sides(&found, moved.r#type)?;
        if moved.r#type == MoveType::Waste {
            let from = self.own_place(&warehouse, moved.from.as_ref()).await?;
            return self.scrap(delivery, &warehouse, from, &sides.0).await;
        }
        let (partner, unknown) = self.partner(moved).await?;
        let outside = places::outside(&self.client, warehouse.company).await?;
        let mut names = Vec::new();
        for (goods, back) in [(sides.0, false), (sides.1, true)] {
            if goods.is_empty() {
                continue;
            }
            let (r#type, from, to) = self.way(moved, &warehouse, &outside, back).await?;
            let leg = Leg {
                origin: if back {
                    format!("{} (-)", delivery.key)
                } else {
                    delivery.key.clone()
                },
                r#type,
                from,
                to,
                partner,
                note: note(moved),
                goods,
            };
            names.push(self.bring(&leg, warehouse.company).await?);
        }
        Ok(Verdict::Accepted(reference(
            &names, left_out, unknown, moved,
        )))
    }

    /// Has a transfer made and done; its name.
    async fn bring(&self, leg: &Leg, company: i64) -> Result<String, Stop> {
        let mut there = transfers::find(&self.client, &leg.origin).await?;
        if there.is_none() {
            let lots = self.lots_of(&leg.goods, company).await?;
            transfers::create(&self.client, leg, &lots).await?;
            there = transfers::find(&self.client, &leg.origin).await?;
        }
        let Some(picking) = there else {
            return Err(Stop::Outage(Outage::Incomprehensible(
                "it took a transfer and does not hold it".to_owned(),
            )));
        };
        self.finish(&picking, Some(&leg.goods)).await
    }

    /// Validates a transfer unless it is done; its name. What it holds must be `goods`.
    pub(super) async fn finish(
        &self,
        picking: &Picking,
        goods: Option<&Goods>,
    ) -> Result<String, Stop> {
        let as_told = |picking: &Picking| goods.is_none_or(|goods| picking.goods == *goods);
        let fault = match picking.state.as_str() {
            "cancel" => Some(goods_answers::transfer_cancelled(&picking.name)),
            _ if !as_told(picking) => Some(goods_answers::transfer_differs(&picking.name)),
            "done" => return Ok(format!("{} ({})", picking.name, picking.id)),
            _ => None,
        };
        if let Some(verdict) = fault {
            return Err(Stop::Verdict(verdict));
        }
        let refused = transfers::validate(&self.client, picking.id).await?;
        let refused = refused.as_ref().and_then(refusal);
        let Some(after) = transfers::by_id(&self.client, picking.id).await? else {
            return Err(Stop::Outage(Outage::Incomprehensible(
                "a transfer is gone".to_owned(),
            )));
        };
        if after.state != "done" {
            return Err(Stop::Verdict(goods_answers::transfer_unfinished(
                &after.name,
                &after.state,
                refused.as_ref(),
            )));
        }
        if !as_told(&after) {
            return Err(Stop::Verdict(goods_answers::transfer_differs(&after.name)));
        }
        Ok(format!("{} ({})", after.name, after.id))
    }

    /// What the lines are in Odoo; and how many are of products that keep no stock there.
    pub(super) async fn found_goods<'a>(
        &mut self,
        lines: &[Line<'a>],
    ) -> Result<(Vec<Found<'a>>, usize), Stop> {
        let wanted: BTreeSet<Code> = lines
            .iter()
            .flat_map(|line| products::codes(line.product))
            .collect();
        products::load(&self.client, &mut self.shelf, wanted).await?;
        let (mut found, mut unknown, mut left_out) = (Vec::new(), Vec::new(), 0);
        for line in lines {
            let named = products::named(line.product);
            match products::find(&self.shelf, &products::codes(line.product)).cloned() {
                None => unknown.push(named),
                Some(article) if !article.storable => left_out += 1,
                Some(article) => found.push(Found {
                    line: line.number,
                    named,
                    quantity: line.quantity,
                    lots: line.lots,
                    article,
                }),
            }
        }
        if !unknown.is_empty() {
            unknown.sort();
            unknown.dedup();
            return Err(Stop::Verdict(translate::later(
                translate::products_unknown(&unknown),
                Cause::UnknownProduct,
            )));
        }
        let digits = self.reference.quantity_digits;
        match found
            .iter()
            .find(|line| line.quantity.normalize().scale() > digits)
        {
            Some(line) => Err(Stop::Verdict(translate::refused_here(
                translate::quantity_digits(line.line, digits),
            ))),
            None => Ok((found, left_out)),
        }
    }

    /// Lots by product and name; those that Odoo does not have yet are made.
    pub(super) async fn lots_of(&self, goods: &Goods, company: i64) -> Result<Lots, Stop> {
        let mut lots = Lots::new();
        for (product, lot) in goods.keys() {
            if let Some(lot) = lot {
                let id = stock::lot_id(&self.client, *product, lot, company).await?;
                lots.insert((*product, lot.clone()), id);
            }
        }
        Ok(lots)
    }

    /// The contact with the document's reference, never one of that name; and whether there is none.
    async fn partner(&self, moved: &StockMove) -> Result<(Option<i64>, bool), Stop> {
        let Some(reference) = &moved.partner else {
            return Ok((None, false));
        };
        let search = Search {
            domain: json!([["ref", "=", reference.as_str()]]),
            fields: &["ref"],
            order: "id",
            limit: 1,
            ..Search::default()
        };
        let rows = self.client.search_read("res.partner", search).await?;
        let found = rows.first().map(super::row::Row::id);
        Ok((found, found.is_none()))
    }
}

/// What a line says, whichever document it stands in.
pub(super) struct Line<'a> {
    pub number: i64,
    pub product: &'a tillpost_shared::document::sale::Product,
    pub quantity: Decimal,
    pub lots: &'a [Lot],
}

fn of_move(line: &MoveLine) -> Line<'_> {
    Line {
        number: line.line.0,
        product: &line.product,
        quantity: line.quantity.0,
        lots: &line.lots,
    }
}

fn refusal(error: &CallError) -> Option<Refusal> {
    match judge(error) {
        Blame::Document(refusal) => Some(refusal),
        Blame::Destination(_) => None,
    }
}

/// What moves in the type's direction, and what a correction takes off.
fn sides(found: &[Found<'_>], r#type: MoveType) -> Result<(Goods, Goods), Stop> {
    let (mut there, mut back) = (Goods::new(), Goods::new());
    for line in found {
        let down = line.quantity < Decimal::ZERO;
        if down && r#type != MoveType::Adjustment {
            let answer = goods_answers::quantity_sign(line.line);
            return Err(Stop::Verdict(translate::refused_here(answer)));
        }
        let side = if down { &mut back } else { &mut there };
        for (lot, quantity) in by_lot(line).map_err(refused)? {
            *side.entry((line.article.id, lot)).or_default() += quantity.abs();
        }
    }
    there.retain(|_, quantity| !quantity.is_zero());
    back.retain(|_, quantity| !quantity.is_zero());
    Ok((there, back))
}

fn refused(answer: crate::outbox::Answer) -> Stop {
    Stop::Verdict(translate::refused_here(answer))
}

/// A line's quantities by lot. Where Odoo keeps lots they must be given; where it does not they are left out.
pub(super) fn by_lot(
    line: &Found<'_>,
) -> Result<Vec<(Option<String>, Decimal)>, crate::outbox::Answer> {
    if !line.article.tracked {
        return Ok(vec![(None, line.quantity)]);
    }
    let sum: Decimal = line.lots.iter().map(|lot| lot.quantity.0).sum();
    let mut lots = Vec::with_capacity(line.lots.len());
    for lot in line.lots {
        if let Some(serial) = &lot.serial
            && lot.quantity.0.abs() > Decimal::ONE
        {
            return Err(goods_answers::serial_twice(line.line, serial.as_str()));
        }
        let name = lot.serial.as_ref().or(lot.lot.as_ref());
        lots.extend(name.map(|name| (Some(name.as_str().to_owned()), lot.quantity.0)));
    }
    if sum.abs() != line.quantity.abs() || lots.len() != line.lots.len() {
        return Err(goods_answers::lots_missing(line.line, &line.named));
    }
    Ok(lots)
}

/// What people in Odoo read beside the goods.
fn note(moved: &StockMove) -> String {
    let named = |what: &str, text: Option<&str>| text.map(|text| format!("{what} {text}"));
    let mut parts: Vec<String> = [
        Some(format!(
            "{} {}",
            moved.r#type.as_str().replace('_', " "),
            moved.reference.as_str()
        )),
        named("part", moved.part.as_ref().map(|part| part.as_str())),
        named("from", moved.from.as_ref().map(|from| from.as_str())),
        named("to", moved.to.as_ref().map(|to| to.as_str())),
        named(
            "partner",
            moved.partner.as_ref().map(|partner| partner.as_str()),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    for line in &moved.lines {
        let reason = line.reason.as_ref().map(AsRef::as_ref);
        parts.extend(reason.map(|reason: &str| format!("line {}: {reason}", line.line.0)));
    }
    parts.join(", ")
}

fn reference(names: &[String], left_out: usize, unknown: bool, moved: &StockMove) -> String {
    let mut reference = if names.is_empty() {
        NOTHING.to_owned()
    } else {
        names.join(", ")
    };
    if left_out > 0 {
        reference += &format!("; {left_out} lines of products that keep no stock in Odoo left out");
    }
    if let (true, Some(partner)) = (unknown, &moved.partner) {
        reference += &format!(
            "; no contact in Odoo has the reference {}",
            partner.as_str()
        );
    }
    reference
}
