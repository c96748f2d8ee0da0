//! The profiles of price files that come with the program, to start from when writing another.

/// Every one: its name and its text.
const SHIPPED: [(&str, &str); 7] = [
    ("products_csv", include_str!("shipped/products_csv.toml")),
    ("products_eu", include_str!("shipped/products_eu.toml")),
    (
        "products_fixed",
        include_str!("shipped/products_fixed.toml"),
    ),
    ("barcodes_eu", include_str!("shipped/barcodes_eu.toml")),
    ("prices_eu", include_str!("shipped/prices_eu.toml")),
    ("taxes_eu", include_str!("shipped/taxes_eu.toml")),
    ("tenders_eu", include_str!("shipped/tenders_eu.toml")),
];

/// The text of a shipped profile.
pub fn text(name: &str) -> Option<&'static str> {
    let found = SHIPPED.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text)
}

/// The names of all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}
