//! What a line is called where Odoo keeps no `uuid`: its name holds the order's and its own, so that both are found
//! again by what is ours. Nobody in a shop reads it ("Line No"); receipts show the order's reference.

use uuid::Uuid;

/// What stands behind the names of a return's lines, because nothing else tells it from an exchange.
const RETURN_MARK: &str = " return";

/// What any name of a line of ours looks like to a search: a uuid, a blank, the rest.
pub const PATTERN: &str = "________-____-____-____-____________ %";

/// The name of a line of a sale, or of a return.
pub fn line_name(order: Uuid, line: Uuid, refund: bool) -> String {
    let mark = if refund { RETURN_MARK } else { "" };
    format!("{order} {line}{mark}")
}

/// What the name of one of our lines says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// The order's uuid.
    pub order: Uuid,
    /// The line's.
    pub line: Uuid,
    /// Whether the order takes something back.
    pub refund: bool,
}

/// What a line's name says; `None` of a line that is not ours.
pub fn named(name: &str) -> Option<Named> {
    let plain = name.strip_suffix(RETURN_MARK);
    let (order, line) = plain.unwrap_or(name).split_once(' ')?;
    Some(Named {
        order: Uuid::parse_str(order).ok()?,
        line: Uuid::parse_str(line).ok()?,
        refund: plain.is_some(),
    })
}

/// What the names of an order's lines look like to a search.
pub fn pattern(order: Uuid) -> String {
    format!("{order} %")
}

/// How a line says which one it takes back, where there is no field for it.
pub fn takes_back(line: i64) -> String {
    format!("takes back line {line}")
}

/// The line that a notice names.
pub fn taken_back(notice: &str) -> Option<i64> {
    notice.strip_prefix("takes back line ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_notices_are_read_as_they_are_written() {
        let (order, line) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for refund in [true, false] {
            let name = line_name(order, line, refund);
            assert_eq!(
                named(&name),
                Some(Named {
                    order,
                    line,
                    refund
                })
            );
            assert!(name.starts_with(pattern(order).trim_end_matches('%')));
            let like = |(pattern, there)| pattern == '_' || pattern == there;
            let fixed = PATTERN.trim_end_matches('%').chars();
            assert!(fixed.zip(name.chars()).all(like), "{name}");
        }
        assert_eq!(named("POS/0001"), None);
        assert_eq!(taken_back(&takes_back(77)), Some(77));
        assert_eq!(taken_back("10 % off"), None);
    }
}
