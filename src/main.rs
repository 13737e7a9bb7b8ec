//! `mixrunners`: one program that mixes and masters music.
fn main() {}
