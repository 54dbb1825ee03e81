//! `cargo xtask ci`: what CI runs, which is every step of `cargo xtask test`.

use anyhow::Result;

use crate::test;

pub(crate) fn run() -> Result<()> {
    test::run(&test::Args::default())
}
