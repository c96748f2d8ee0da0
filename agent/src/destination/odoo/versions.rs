//! What differs between Odoo's versions, in one table.
//!
//! From the field guides, and for 14 and 19 tried on real servers. 15 and 16 go the way of 14's uploads and 17's
//! sessions; where a field may or may not be there the server is asked (`fields_get`, see [`super::client::Client::fields_of`]). Whatever
//! decides something by the version decides it by one of these facts, never by the number.
//!
//! One thing is the same everywhere: change goes up as a negative cash payment of its own with `amount_return` 0,
//! because the sign of `amount_return` is another from version to version (14 to 17 `+`, 19 `-`).

/// The oldest major version that is spoken with.
pub const VERSION_MIN: u32 = 14;
/// The newest one that was tried; later ones are taken for it.
pub const VERSION_TRIED: u32 = 19;

/// How calls travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `POST /json/2/<model>/<method>` with a key.
    Json2,
    /// `POST /jsonrpc`, `execute_kw`, with a login and a key or password.
    JsonRpc,
}

/// How orders go up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upload {
    /// `sync_from_ui`, fields as they are stored.
    Sync,
    /// `create_from_ui`, each order in a wrapper, as Odoo's own till of that time sent it.
    Create,
}

/// By what an order and its lines are known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Both have a `uuid`.
    Uuid,
    /// There is none: the order by its reference, and both uuids stand in the names of its lines.
    Names,
}

/// How a line says which one it takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// `refunded_orderline_id`.
    Field,
    /// There is no such field: in words in the line's `notice`, for people and for us.
    Notice,
}

/// How the opening cash of a session is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// `set_opening_control`.
    Control,
    /// `set_cashbox_pos`.
    Cashbox,
}

/// Where a session's business days stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayNote {
    /// In `opening_notes`.
    OpeningNotes,
    /// Behind its name, there are no notes.
    Name,
}

/// How a session is closed, and money moved in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// By the calls of Odoo's own till: `close_session_from_ui`, `try_cash_in_out`.
    FromUi,
    /// By the bank statement that stands for the drawer.
    Statement,
}

/// How counted stock is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// `inventory_quantity_auto_apply`: one absolute call, whose name stands in `inventory_name` of its moves.
    Quants,
    /// `inventory_quantity`, then `action_apply_inventory`, which there may be called again; the name stands in `name` of
    /// the moves, with the user's behind it.
    Applied,
    /// A `stock.inventory`, which posts the difference to what lay there when it was made.
    Inventory,
}

impl Counting {
    const fn of(version: u32) -> Self {
        match version {
            19.. => Self::Quants,
            15..=18 => Self::Applied,
            _ => Self::Inventory,
        }
    }
}

/// How Odoo computes taxes: [`super::reckon`] does it after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxEngine {
    /// `compute_all`: prices with and without tax are rounded, the last included tax is what lies between them.
    Totals,
    /// `_get_tax_details`: every tax by itself.
    EachTax,
}

/// How a transfer says what moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// In `quantity` of its moves and their lines, with `picked` beside it.
    Picked,
    /// In `quantity_done` of its moves and `qty_done` of their lines. There it is made of lines, and Odoo makes the moves:
    /// a line that is made with its move does not know the transfer, which then cannot be validated.
    Done,
}

/// The facts about one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The server's major version.
    pub version: u32,
    /// How calls travel.
    pub protocol: Protocol,
    /// How orders go up.
    pub upload: Upload,
    /// By what they are known again.
    pub identity: Identity,
    /// Whether Odoo itself lets no order in twice. Without it only one who asks before every sending may send, and
    /// after an answer that was lost must wait until that request can no longer take effect.
    pub unique_key: bool,
    /// Whether fields it does not know are refused, and with them the whole call.
    pub strict: bool,
    /// How a line says what it takes back.
    pub link: Link,
    /// Whether one order takes back lines of one original only.
    pub one_original: bool,
    /// Whether it takes our amounts of base and tax (`extra_tax_data`), rather than computing them again at the close.
    pub fixed_amounts: bool,
    /// How it computes taxes.
    pub taxes: TaxEngine,
    /// Whether it closes no session with a tax that has no account.
    pub tax_needs_account: bool,
    /// Whether a till that rounds to coins must round every payment, cards too. There what cash was rounded by goes up as
    /// a line instead, with a till that does not round.
    pub coins_for_all: bool,
    /// Whether an order for a closed session makes a rescue session, rather than going into the open one.
    pub rescues: bool,
    /// How the opening cash is said.
    pub opening: Opening,
    /// Where a session's days stand.
    pub day_note: DayNote,
    /// How a session is closed.
    pub closing: Closing,
    /// Whether a close is begun by a call of its own (`update_closing_control_state_session`), as Odoo's till does.
    pub close_announced: bool,
    /// Whether the session itself is asked what should lie in the drawer (`cash_register_balance_end`).
    pub drawer_by_session: bool,
    /// How a line of the drawer (`account.bank.statement.line`) names its session: by itself, or by the session's statement.
    pub drawer_line: &'static str,
    /// How counted stock is set.
    pub counting: Counting,
    /// How a transfer says what moved.
    pub moved: Moved,
    /// Whether a move needs a name.
    pub moves_named: bool,
    /// Whether barcodes of packs name their unit, and so their price. Below, a pack's barcode has no price of its own and
    /// is left out of the catalog.
    pub pack_units: bool,
    /// Whether a server with several databases tells its refusals only to requests with a session.
    pub errors_need_session: bool,
    /// Whether a unit of measure has a rounding of its own: goods sold finer than it never leave the stock.
    pub units_round: bool,
    /// Whether only an administrator of the stock may validate a count.
    pub counts_by_administrator: bool,
    /// Whether contacts can be searched by their barcode. Below it is a property (`ir.property`), which only an administrator
    /// may search: the whole question is refused.
    pub barcodes_searched: bool,
    /// Whether an order is invoiced after its day was closed too. Below, its money would stand in the day's entry and in the
    /// invoice.
    pub invoices_after_close: bool,
    /// Whether `is_refund`, rather than the sign of an order's total, makes its invoice a credit note. Then one that pays back
    /// without being a return would be invoiced with its sign lost, and left half unpaid.
    pub credit_by_flag: bool,
    /// Whether Odoo keeps a history of a loyalty card's points by order (`loyalty.history`), and so books an order's points
    /// once however often it is told of them.
    pub points_once: bool,
    /// The name of the decimal accuracy of quantities.
    pub quantity_precision: &'static str,
}

impl Default for Facts {
    fn default() -> Self {
        Self::of(VERSION_TRIED)
    }
}

impl Facts {
    /// The facts about a major version.
    pub const fn of(version: u32) -> Self {
        Self {
            version,
            protocol: match version {
                19.. => Protocol::Json2,
                _ => Protocol::JsonRpc,
            },
            upload: match version {
                18.. => Upload::Sync,
                _ => Upload::Create,
            },
            identity: match version {
                18.. => Identity::Uuid,
                _ => Identity::Names,
            },
            unique_key: version >= 19,
            strict: version >= 18,
            link: match version {
                15.. => Link::Field,
                _ => Link::Notice,
            },
            one_original: version >= 18,
            fixed_amounts: version >= 19,
            taxes: match version {
                18.. => TaxEngine::EachTax,
                _ => TaxEngine::Totals,
            },
            tax_needs_account: version < 18,
            coins_for_all: version < 15,
            rescues: version < 18,
            opening: match version {
                18.. => Opening::Control,
                _ => Opening::Cashbox,
            },
            day_note: match version {
                15.. => DayNote::OpeningNotes,
                _ => DayNote::Name,
            },
            closing: match version {
                15.. => Closing::FromUi,
                _ => Closing::Statement,
            },
            close_announced: version >= 15 && version < 19,
            drawer_by_session: version >= 15 && version < 19,
            drawer_line: match version {
                16.. => "pos_session_id",
                _ => "statement_id.pos_session_id",
            },
            counting: Counting::of(version),
            moved: match version {
                17.. => Moved::Picked,
                _ => Moved::Done,
            },
            moves_named: version < 19,
            pack_units: version >= 19,
            errors_need_session: version < 16,
            units_round: version < 19,
            counts_by_administrator: version < 18,
            barcodes_searched: version >= 18,
            invoices_after_close: version >= 17,
            credit_by_flag: version >= 19,
            points_once: version >= 19,
            quantity_precision: match version {
                19.. => "Product Unit",
                _ => "Product Unit of Measure",
            },
        }
    }

    /// The same server, spoken with as the configuration asks. What it does not understand is not used.
    pub fn spoken(mut self, wanted: Option<Protocol>) -> Self {
        if let (Some(wanted), true) = (wanted, self.version >= 19) {
            self.protocol = wanted;
        }
        self
    }

    /// What this version calls a model that 19 calls `model`.
    pub fn model<'a>(&self, model: &'a str) -> &'a str {
        match (model, self.version) {
            ("stock.lot", ..=15) => "stock.production.lot",
            _ => model,
        }
    }

    /// What this version calls a field that 19 calls `field`.
    pub fn field<'a>(&self, model: &str, field: &'a str) -> &'a str {
        match (model, field, self.version) {
            ("res.users", "group_ids" | "all_group_ids", ..=18) => "groups_id",
            ("pos.order", "internal_note", ..=18) => "general_note",
            ("stock.picking", "move_ids", ..=15) => "move_lines",
            ("stock.move", "quantity", ..=16) => "quantity_done",
            ("stock.move.line", "quantity", ..=16) => "qty_done",
            _ => field,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as people read it, so that a change of it shows.
    #[test]
    fn the_table_of_differences() {
        let versions = [14, 15, 16, 17, 18, 19].map(Facts::of);
        insta::assert_snapshot!(versions.map(|facts| format!("{facts:#?}")).join("\n"));
    }

    #[test]
    fn the_protocol_is_chosen_only_where_there_is_a_choice() {
        let spoken = |version, wanted| Facts::of(version).spoken(Some(wanted)).protocol;
        assert_eq!(spoken(19, Protocol::JsonRpc), Protocol::JsonRpc);
        assert_eq!(spoken(14, Protocol::Json2), Protocol::JsonRpc);
        assert_eq!(Facts::of(20).spoken(None).protocol, Protocol::Json2);
    }
}
