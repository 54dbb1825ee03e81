//! The page, bundled by Vite into `dist/`.

use anyhow::Result;

use crate::log::Log;
use crate::process;
use crate::workspace::{self, App};

pub(crate) fn build(app: App, log: &Log) -> Result<()> {
    let mut vite = workspace::npm_bin("vite");
    process::run(vite.arg("build").current_dir(app.web()), log)
}
