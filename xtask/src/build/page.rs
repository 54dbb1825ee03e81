//! The page, bundled by Vite into `dist/`.

use anyhow::Result;

use crate::log::Log;
use crate::{process, workspace};

pub(crate) fn build(log: &Log) -> Result<()> {
    let mut vite = workspace::npm_bin("vite");
    process::run(vite.arg("build").current_dir(workspace::path(workspace::PAGE_DIR)), log)
}
