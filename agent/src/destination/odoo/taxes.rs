//! The sales taxes of the store's companies as Odoo has them, with what decides how they are computed and posted.

use rust_decimal::Decimal;
use serde_json::json;

use super::client::{CallError, Client, Search};
use super::row::Row;
use super::tax::{Kind, Tax};

/// Reads them; parts of groups too, which are for sale only within their group.
pub async fn read(client: &Client, companies: &[i64]) -> Result<Vec<Tax>, CallError> {
    let taxes = Search {
        domain: json!([
            ["type_tax_use", "in", ["sale", "none"]],
            ["company_id", "in", companies]
        ]),
        fields: &[
            "name",
            "amount",
            "amount_type",
            "price_include",
            "include_base_amount",
            "is_base_affected",
            "sequence",
            "type_tax_use",
            "children_tax_ids",
            "invoice_repartition_line_ids",
            "refund_repartition_line_ids",
            "company_id",
        ],
        order: "sequence, id",
        ..Search::default()
    };
    let rows = client.search_read("account.tax", taxes).await?;
    let parts: Vec<i64> = rows.iter().flat_map(parts_of).collect();
    let parts = Search {
        domain: json!([["id", "in", parts]]),
        fields: &["repartition_type", "account_id", "factor_percent"],
        ..Search::default()
    };
    let parts = client
        .search_read("account.tax.repartition.line", parts)
        .await?;
    Ok(rows.iter().map(|row| tax(row, &parts)).collect())
}

/// How the tax is divided over accounts, on sales and on what comes back.
fn parts_of(row: &Row) -> Vec<i64> {
    let mut parts = row.many("invoice_repartition_line_ids");
    parts.extend(row.many("refund_repartition_line_ids"));
    parts
}

fn tax(row: &Row, parts: &[Row]) -> Tax {
    let ids = parts_of(row);
    let own =
        |part: &&Row| ids.contains(&part.id()) && part.text("repartition_type") == Some("tax");
    let own: Vec<&Row> = parts.iter().filter(own).collect();
    let percent = |part: &&Row| part.decimal("factor_percent");
    // Once for sales, once for what comes back.
    let whole: Decimal = own.iter().map(percent).sum();
    let plain = whole == Decimal::TWO * Decimal::ONE_HUNDRED
        && own.iter().all(|part| percent(part) >= Decimal::ZERO)
        && row.decimal("amount") >= Decimal::ZERO;
    let kind = match row.text("amount_type") {
        Some("percent") if plain => Kind::Percent,
        Some("fixed") if plain => Kind::Fixed,
        _ => Kind::Other,
    };
    Tax {
        id: row.id(),
        name: row.text("name").unwrap_or_default().to_owned(),
        rate: row.decimal("amount"),
        kind,
        included: row.flag("price_include"),
        raises: row.flag("include_base_amount"),
        // Odoo 14 has no such field: there every tax does.
        raised: !row.0.contains_key("is_base_affected") || row.flag("is_base_affected"),
        sequence: row.integer("sequence"),
        sold: row.text("type_tax_use") == Some("sale"),
        children: if row.text("amount_type") == Some("group") {
            row.many("children_tax_ids")
        } else {
            Vec::new()
        },
        accounted: own.iter().all(|part| part.one("account_id").is_some()),
        company: row.one("company_id").unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::destination::odoo::testing::dec;

    fn row(value: Value) -> Row {
        serde_json::from_value(value).expect("a row")
    }
    fn read(more: &[(&str, Value)], factor: f64, account: Value) -> Tax {
        let mut fields = json!({ "id": 7, "name": "8.1%", "amount": 8.1, "amount_type": "percent", "price_include": true,
            "include_base_amount": false, "sequence": 3, "type_tax_use": "sale", "children_tax_ids": [],
            "invoice_repartition_line_ids": [1, 2], "refund_repartition_line_ids": [3, 4], "company_id": [1, "C"] });
        for (name, value) in more {
            fields[*name] = value.clone();
        }
        let part = |id: i64, kind: &str, factor: f64| {
            row(
                json!({ "id": id, "repartition_type": kind, "factor_percent": factor, "account_id": account }),
            )
        };
        let parts = [
            part(1, "base", 100.0),
            part(2, "tax", factor),
            part(3, "base", 100.0),
            part(4, "tax", 100.0),
            part(5, "tax", 100.0),
        ];
        tax(&row(fields), &parts)
    }

    #[test]
    fn what_decides_how_it_is_computed_is_read() {
        let account = json!([4, "251000"]);
        let plain = read(&[], 100.0, account.clone());
        assert_eq!(
            (plain.kind, plain.rate, plain.accounted),
            (Kind::Percent, dec("8.1"), true)
        );
        assert!(plain.raised, "where the field is not there");
        let unmoved = read(&[("is_base_affected", json!(false))], 100.0, json!(false));
        assert!(!unmoved.raised && !unmoved.accounted);
        let fixed = read(&[("amount_type", json!("fixed"))], 100.0, account.clone());
        assert_eq!(fixed.kind, Kind::Fixed);
        let halved = read(&[], 50.0, account.clone());
        assert_eq!(halved.kind, Kind::Other);
        let group = [
            ("amount_type", json!("group")),
            ("children_tax_ids", json!([8, 9])),
        ];
        assert_eq!(read(&group, 100.0, account).children, [8, 9]);
    }
}
