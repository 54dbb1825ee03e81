//! The engine knows no clock, no randomness, no network and no host: its dependencies prove it.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::log::Log;
use crate::workspace::WASM_TARGET;
use crate::{process, workspace};

/// Each brings a host, or what only a host has.
const IMPURE: [&str; 8] =
    ["getrandom", "js-sys", "libc", "mio", "rusqlite", "tokio", "wasm-bindgen", "worker"];

pub(crate) fn check(log: &Log) -> Result<()> {
    let mut tree = workspace::cargo();
    tree.args(["tree", "--package", "syncline-engine", "--edges", "normal"]);
    // As it is when it runs in a browser or a Durable Object.
    tree.args(["--target", WASM_TARGET, "--prefix", "none", "--format", "{p}"]);
    let tree = process::output(&mut tree)?;
    let found = impure(&tree);
    if !found.is_empty() {
        bail!("syncline-engine depends on {}", found.into_iter().collect::<Vec<_>>().join(", "));
    }
    let mut build = workspace::cargo();
    build.args(["build", "--package", "syncline-engine", "--target", WASM_TARGET]);
    process::run(&mut build, log)
}

fn impure(tree: &str) -> BTreeSet<&str> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| IMPURE.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_anywhere_in_the_tree_is_found() {
        let pure = "syncline-engine v0.1.0 (/engine)\nserde v1.0.0\nitoa v1.0.0\n";
        assert!(impure(pure).is_empty());
        let tree = format!("{pure}tokio v1.0.0\nlibc v0.2.0\n");
        assert_eq!(impure(&tree).into_iter().collect::<Vec<_>>(), ["libc", "tokio"]);
    }
}
