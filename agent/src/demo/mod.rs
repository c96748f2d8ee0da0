//! `tillpost demo`: the main job on embedded defaults, nothing to install.

pub mod day;
pub mod goods;
pub mod till;
