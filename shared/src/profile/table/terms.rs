//! What a profile computes from other fields: `net+tax`, `gross/quantity`.

use rust_decimal::Decimal;

use super::Table;
use super::columns::{Bad, Columns};
use super::rows::Row;
use crate::problem::{Code, Problem};

/// A term: whether it is taken off, and its factors with whether they divide.
pub type Term<'a> = (bool, Vec<(bool, &'a str)>);

/// An expression such as `net+tax` or `gross/quantity` taken apart.
///
/// # Errors
/// It is none.
pub fn terms(expression: &str) -> Result<Vec<Term<'_>>, String> {
    let mut found: Vec<Term<'_>> = Vec::new();
    let (mut minus, mut divide, mut start) = (false, false, 0);
    let ends = expression
        .char_indices()
        .filter(|(_, c)| "+-*/".contains(*c));
    let ends: Vec<(usize, char)> = ends.chain([(expression.len(), '+')]).collect();
    let mut factors = Vec::new();
    for (end, sign) in ends {
        let name = expression[start..end].trim();
        let word = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if !word {
            return Err(format!("`{expression}` is no expression such as net+tax"));
        }
        factors.push((divide, name));
        divide = sign == '/';
        start = end + 1;
        if matches!(sign, '+' | '-') {
            found.push((minus, std::mem::take(&mut factors)));
            minus = sign == '-';
        }
    }
    Ok(found)
}

impl Columns {
    /// What an expression comes to in a row; `None` where one of its fields is empty.
    ///
    /// # Errors
    /// A cell is filled with something else than a number.
    pub(super) fn derived(
        &self,
        row: &Row,
        expression: &str,
        table: &Table,
    ) -> Result<Option<Decimal>, Bad> {
        let mut sum = Decimal::ZERO;
        let parts = terms(expression).map_err(|why| Problem::refused(Code::BadValue, "", why))?;
        for (minus, factors) in parts {
            let mut product = Decimal::ONE;
            for (divide, name) in factors {
                let value = match name.parse::<Decimal>() {
                    Ok(constant) => Some(constant),
                    // A field that is computed from others may not be computed from itself.
                    Err(_)
                        if table
                            .derive
                            .get(name)
                            .is_some_and(|other| other == expression) =>
                    {
                        None
                    }
                    Err(_) => self.plain_number(row, name, table)?,
                };
                let Some(value) = value else {
                    return Ok(None);
                };
                let next = if divide {
                    product.checked_div(value)
                } else {
                    product.checked_mul(value)
                };
                let Some(next) = next else {
                    return Ok(None);
                };
                product = next;
            }
            sum += if minus { -product } else { product };
        }
        Ok(Some(sum))
    }
}
