//! Which way goods go in Odoo for each kind of movement: the type of the transfer, the place they leave and the place
//! they come to.

use tillpost_shared::document::StockMove;
use tillpost_shared::document::stock::MoveType;

use super::counts::Stop;
use super::desk::Desk;
use super::places::{self, Outside, Warehouse};
use super::{translate, translate_goods as goods_answers};

impl Desk {
    /// The type of a transfer, where it leaves and where it goes. `back`: a correction downwards.
    pub(super) async fn way(
        &self,
        moved: &StockMove,
        warehouse: &Warehouse,
        outside: &Outside,
        back: bool,
    ) -> Result<(i64, i64, i64), Stop> {
        let need = |place: Option<i64>, what: &str| {
            place.ok_or_else(|| {
                Stop::Verdict(translate::refused_here(goods_answers::place_missing(what)))
            })
        };
        let (from, to) = (moved.from.as_ref(), moved.to.as_ref());
        let own = |name| self.own_place(warehouse, name);
        Ok(match moved.r#type {
            MoveType::Receipt => {
                let supplier = need(outside.supplier, "location of suppliers")?;
                (warehouse.receipts, supplier, own(to).await?)
            }
            MoveType::ReturnToVendor => {
                let supplier = need(outside.supplier, "location of suppliers")?;
                (warehouse.deliveries, own(from).await?, supplier)
            }
            MoveType::TransferOut => {
                let there = self.other_place(warehouse, outside, to).await?;
                (warehouse.internal, own(from).await?, there)
            }
            MoveType::TransferIn => {
                let there = self.other_place(warehouse, outside, from).await?;
                (warehouse.internal, there, own(to).await?)
            }
            MoveType::InternalUse | MoveType::Waste => {
                let mut losses = outside.losses;
                if let Some(name) = to {
                    let named = places::loss(&self.client, warehouse.company, name.as_str());
                    losses = named.await?.or(losses);
                }
                let losses = need(losses, "location of losses")?;
                (warehouse.internal, own(from).await?, losses)
            }
            MoveType::Adjustment => {
                let losses = need(outside.losses, "location of losses")?;
                let own = own(to.or(from)).await?;
                match back {
                    true => (warehouse.internal, own, losses),
                    false => (warehouse.internal, losses, own),
                }
            }
        })
    }

    /// A place of the store; its stock when none is named, or the store itself is.
    pub(super) async fn own_place(
        &self,
        warehouse: &Warehouse,
        name: Option<&tillpost_shared::scalar::Text>,
    ) -> Result<i64, Stop> {
        let Some(name) = name.filter(|name| name.as_str() != self.store) else {
            return Ok(warehouse.stock);
        };
        let found = places::inside(&self.client, warehouse.stock, name.as_str()).await?;
        found.ok_or_else(|| {
            Stop::Verdict(translate::refused_here(translate::location_unknown(
                name.as_str(),
            )))
        })
    }

    /// The other end of a transfer: a shelf of this store when it is one's name, else on the way between stores.
    async fn other_place(
        &self,
        warehouse: &Warehouse,
        outside: &Outside,
        name: Option<&tillpost_shared::scalar::Text>,
    ) -> Result<i64, Stop> {
        if let Some(name) = name {
            let inside = places::inside(&self.client, warehouse.stock, name.as_str()).await?;
            if let Some(inside) = inside {
                return Ok(inside);
            }
        }
        outside.transit.ok_or_else(|| {
            Stop::Verdict(translate::refused_here(goods_answers::place_missing(
                "transit location",
            )))
        })
    }
}
