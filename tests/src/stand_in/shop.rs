//! The shop behind the stand-in: one till, two articles, taxes and stock, as each version names its fields.

use serde_json::json;

use super::USER;
use super::tables::Tables;
use crate::shop::range;

/// Payment methods: what the till calls them in lower case, and their ids.
pub const METHODS: [(&str, i64); 2] = [("cash", 4), ("card", 5)];
/// Pieces of each article at the start.
pub const STARTS_WITH: i64 = 100;

const COMPANY: i64 = 1;
const CURRENCY: i64 = 2;
const STOCK: i64 = 8;

/// The tables at the start.
pub fn tables(version: u32) -> Tables {
    let mut tables = Tables::default();
    fields(&mut tables, version);
    tables.add("res.company", &json!({ "id": COMPANY, "name": "Shop", "tax_calculation_rounding_method": "round_globally" }));
    tables.add(
        "res.currency",
        &json!({ "id": CURRENCY, "name": "USD", "rounding": 0.01, "decimal_places": 2 }),
    );
    tables.add(
        "res.users",
        &json!({ "id": USER, "name": "Tillpost ZH01", "login": "tillpost-ZH01" }),
    );
    tables.fields("res.users.apikeys", "name expiration_date");
    tables.add("stock.location", &json!({ "id": STOCK, "name": "Stock", "complete_name": "WH/Stock", "barcode": false, "usage": "internal" }));
    tables.add(
        "stock.warehouse",
        &json!({ "id": 1, "name": "WH", "in_type_id": 31, "out_type_id": 32, "int_type_id": 33 }),
    );
    tables.add("stock.picking.type", &json!({ "id": 30, "name": "PoS Orders", "default_location_src_id": STOCK, "warehouse_id": 1 }));
    precision(&mut tables, version);
    for (n, (name, id)) in METHODS.iter().enumerate() {
        let kind = if n == 0 { "cash" } else { "bank" };
        let name = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        tables.add("pos.payment.method", &json!({ "id": id, "name": name, "type": kind, "is_cash_count": n == 0, "split_transactions": false }));
    }
    tables.add("pos.config", &json!({
        "id": 3, "name": "ZH01-1 [test]", "company_id": COMPANY, "currency_id": CURRENCY, "payment_method_ids": [4, 5],
        "cash_rounding": false, "rounding_method": false, "tip_product_id": false, "pricelist_id": false,
        "picking_type_id": 30 }));
    taxes(&mut tables);
    for (n, product) in range().iter().take(2).enumerate() {
        let id = 51 + i64::try_from(n).unwrap();
        let tax = if product.rate == 26 { 41 } else { 42 };
        let mut row = json!({ "id": id, "name": product.name, "barcode": product.barcode, "default_code": product.sku,
            "taxes_id": [tax], "tracking": "none", "active": true, "type": "product" });
        if version >= 18 {
            row["type"] = "consu".into();
            row["is_storable"] = true.into();
        }
        tables.add("product.product", &row);
        tables.add("stock.quant", &json!({ "product_id": id, "location_id": STOCK, "lot_id": false, "quantity": STARTS_WITH }));
    }
    tables
}

/// Two taxes that are in the prices, each with its account.
fn taxes(tables: &mut Tables) {
    for (id, rate) in [(41, 26), (42, 81)] {
        let amount = f64::from(rate) / 10.0;
        let part = |tables: &mut Tables, number: i64| {
            tables.add(
                "account.tax.repartition.line",
                &json!({ "id": number, "repartition_type": "tax", "factor_percent": 100.0, "account_id": 9 }),
            )
        };
        let (sold, back) = (part(tables, 10 * id), part(tables, 10 * id + 1));
        tables.add(
            "account.tax",
            &json!({
                "id": id, "name": format!("{amount}% incl."), "amount": amount, "amount_type": "percent",
                "price_include": true, "include_base_amount": false, "company_id": COMPANY, "type_tax_use": "sale",
                "sequence": 1, "invoice_repartition_line_ids": [sold], "refund_repartition_line_ids": [back],
            }),
        );
    }
}

/// The fields of another version, and its name for the accuracy of quantities.
pub fn rename(tables: &mut Tables, version: u32) {
    fields(tables, version);
    tables
        .models
        .get_mut("pos.order")
        .unwrap()
        .fields
        .remove("general_note");
    tables.models.remove("decimal.precision");
    precision(tables, version);
}

fn precision(tables: &mut Tables, version: u32) {
    let quantities = if version >= 19 {
        "Product Unit"
    } else {
        "Product Unit of Measure"
    };
    tables.add(
        "decimal.precision",
        &json!({ "name": quantities, "digits": 3 }),
    );
}

/// What models have beyond what the first rows say; those of the orders are all that the guides name.
fn fields(tables: &mut Tables, version: u32) {
    tables.fields(
        "pos.session",
        "name state rescue config_id user_id cash_register_balance_start cash_register_balance_end \
        cash_register_id move_id update_stock_at_closing payment_method_ids",
    );
    let notes = if version >= 15 { "opening_notes" } else { "" };
    tables.fields("pos.session", notes);
    tables.fields("pos.order", "name pos_reference session_id config_id user_id partner_id sequence_number date_order \
        fiscal_position_id pricelist_id amount_total amount_tax amount_paid amount_return to_invoice state lines payment_ids \
        is_tipped tip_amount");
    tables.fields(
        "pos.order",
        match version {
            19.. => "uuid internal_note general_customer_note is_refund refunded_order_id",
            18 => "uuid general_note refunded_order_id",
            15..=17 => "note refunded_order_ids is_refunded",
            _ => "note",
        },
    );
    tables.fields(
        "pos.order.line",
        "name order_id product_id qty price_unit discount price_subtotal price_subtotal_incl \
        tax_ids full_product_name pack_lot_ids notice",
    );
    tables.fields(
        "pos.order.line",
        match version {
            19.. => "uuid refunded_orderline_id refund_orderline_ids extra_tax_data",
            17 | 18 => "uuid refunded_orderline_id refund_orderline_ids",
            15 | 16 => "refunded_orderline_id refund_orderline_ids",
            _ => "",
        },
    );
    tables.fields("pos.payment", "name pos_order_id session_id payment_method_id amount payment_date is_change card_type transaction_id");
    tables.fields(
        "pos.payment",
        match version {
            19.. => "uuid card_no card_brand payment_ref_no payment_method_authcode",
            18 => "uuid card_no card_brand payment_ref_no",
            _ => "",
        },
    );
    tables.fields("account.bank.statement.line", "payment_ref amount");
    let session = match version {
        16.. => "pos_session_id",
        _ => "statement_id",
    };
    tables.fields("account.bank.statement.line", session);
    tables.fields("account.bank.statement", "balance_end_real pos_session_id");
    tables.fields("stock.move", "product_id name picking_id state");
    if version >= 19 {
        tables.fields("stock.move", "inventory_name");
    }
    tables.fields(
        "stock.picking",
        "name state origin pos_session_id backorder_id note",
    );
    tables.fields("stock.scrap", "name state origin");
    tables.fields("stock.inventory", "name state");
    tables.fields("stock.inventory.line", "inventory_id product_id");
    tables.fields("account.move.line", "move_id name balance");
    tables.fields("res.partner", "ref name");
}
