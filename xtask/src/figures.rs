//! What a command has measured, put into a page between the markers of its name.

use std::fs;

use anyhow::{Context, Result};

use crate::workspace;

/// Replaces what is between `<!-- name:start -->` and `<!-- name:end -->`.
pub(crate) fn put(page: &str, name: &str, text: &str) -> Result<()> {
    let path = workspace::path(page);
    let before = fs::read_to_string(&path)?;
    let after =
        between(&before, name, text).with_context(|| format!("{page} has lost its {name} markers"))?;
    Ok(fs::write(path, after)?)
}

fn between(page: &str, name: &str, text: &str) -> Option<String> {
    let (start, end) = (format!("<!-- {name}:start -->"), format!("<!-- {name}:end -->"));
    let (before, rest) = page.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}\n{}\n{end}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let page = "a <!-- x:start -->\nold\n<!-- x:end --> b";
        let put = between(page, "x", "new\n").unwrap();
        assert_eq!(put, "a <!-- x:start -->\nnew\n<!-- x:end --> b");
        assert_eq!(between(&put, "x", "new").unwrap(), put);
        assert_eq!(between(page, "y", "new"), None);
    }
}
