//! The profiles that come with the program. Each is a file of its own, to start from when writing another.

/// Every shipped profile: its name, and its text. `json` and `ndjson` have none: there is nothing to set.
const SHIPPED: [(&str, &str); 21] = [
    ("ncr_acs_21", include_str!("shipped/ncr_acs_21.toml")),
    ("ncr_r10_6", include_str!("shipped/ncr_r10_6.toml")),
    ("roqqio_6", include_str!("shipped/roqqio_6.toml")),
    ("tpnet_22", include_str!("shipped/tpnet_22.toml")),
    ("xstore", include_str!("shipped/xstore.toml")),
    ("generic_2", include_str!("shipped/generic_2.toml")),
    ("generic_6", include_str!("shipped/generic_6.toml")),
    (
        "square_transactions",
        include_str!("shipped/square_transactions.toml"),
    ),
    ("square_items", include_str!("shipped/square_items.toml")),
    ("square_pair", include_str!("shipped/square_pair.toml")),
    ("loyverse_pair", include_str!("shipped/loyverse_pair.toml")),
    ("toast_pair", include_str!("shipped/toast_pair.toml")),
    ("dsfinvk", include_str!("shipped/dsfinvk.toml")),
    (
        "shopify_orders",
        include_str!("shipped/shopify_orders.toml"),
    ),
    (
        "generic_eu_lines",
        include_str!("shipped/generic_eu_lines.toml"),
    ),
    ("opticon", include_str!("shipped/opticon.toml")),
    ("opl9728", include_str!("shipped/opl9728.toml")),
    ("danea_fixed", include_str!("shipped/danea_fixed.toml")),
    (
        "plain_barcodes",
        include_str!("shipped/plain_barcodes.toml"),
    ),
    ("barcode_qty", include_str!("shipped/barcode_qty.toml")),
    ("stock_moves", include_str!("shipped/stock_moves.toml")),
];

/// The text of a shipped profile.
pub fn text(name: &str) -> Option<&'static str> {
    let found = SHIPPED.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text)
}

/// The names of all shipped profiles.
pub fn names() -> impl Iterator<Item = &'static str> {
    ["json", "ndjson"]
        .into_iter()
        .chain(SHIPPED.iter().map(|(name, _)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn every_shipped_profile_can_be_read() {
        for name in names() {
            let own = text(name).map(Profile::read);
            assert!(
                own.is_none_or(|read| read.is_ok()),
                "{name}: {:?}",
                text(name).map(Profile::read)
            );
            assert!(Profile::shipped(name).is_some(), "{name}");
        }
    }
}
