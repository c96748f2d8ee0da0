//! The bad line in front of a real Odoo 19: here every batch takes several requests, and each may meet a fault.

use tillpost_tests::place::{ByOdoo, Place};
use tillpost_tests::proxy::faults::Fault;

use super::over_a_bad_line;

const ODOO: &str = "real Odoo 19";

#[test]
fn a_hundred_sales_over_a_bad_line_to_odoo() {
    let place = ByOdoo::new("bad_line");
    over_a_bad_line(&place, ODOO, 100, 100, 6, &Fault::OF_REQUESTS);
}

#[test]
fn long_1_000_sales_over_a_bad_line_to_odoo() {
    let place = ByOdoo::new("long_bad_line");
    over_a_bad_line(&place, ODOO, 1_000, 1_000, 16, &Fault::OF_REQUESTS);
}
