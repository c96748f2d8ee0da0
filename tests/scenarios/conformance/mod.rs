//! One suite over every destination: whatever the far end or the line does, each document takes effect once.
//!
//! Goal: what `Destination` promises (design section 3). Method: a store behind a proxy that does one named thing; at
//! the end what was acknowledged is compared with what took effect at the far end, counted there.
//!
//! | case | http | Odoo 19 and 14 | folder |
//! |---|---|---|---|
//! | twice is once | yes | yes | yes |
//! | restart in between | yes | yes | yes |
//! | half a batch refused | yes | yes | no: a folder refuses nothing but a conflict, see `folder.rs` |
//! | answer lost after commit | yes | yes | no: there is no line; its like is a kill between rename and note, `folder.rs` |
//! | throttled, too much at once, garbage, timeout | yes | yes | no: a folder gives no answers |
//! | wrong key | yes | yes | no key; read-only instead |
//! | nobody there | yes | yes | folder gone, `folder.rs` |
//! | a first request still runs when the second starts | yes | yes, see also `odoo/once.rs` | no: the outbox has one lane per folder |
//! | wrong certificate, a captive portal | yes | yes | no: there is no line |
//! | an answer that says too little | yes | no: what stands there is read, not the answer | no |

mod cases;
mod folder;
mod http;
mod odoo;
