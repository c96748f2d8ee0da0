//! `tillpost`: see the library.

fn main() {}
