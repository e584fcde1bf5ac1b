//! The program `gauss`.
fn main() {}
