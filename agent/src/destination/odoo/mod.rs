//! Odoo itself.
