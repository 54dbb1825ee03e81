//! `cargo xtask screenshot`: the picture of the chat in the README.

use anyhow::Result;

use crate::build::{self, Mode};
use crate::log::Log;
use crate::workspace::App;
use crate::{process, setup, workspace};

pub(crate) fn run() -> Result<()> {
    setup::for_build()?;
    setup::for_browser()?;
    build::all(App::Chat, Mode::Dev, &Log::Terminal)?;
    scene("screenshot")
}

/// Runs one of the page's scenes.
pub(crate) fn scene(name: &str) -> Result<()> {
    let mut playwright = workspace::npm_bin("playwright");
    playwright.args(["test", "--config", "scenes.config.ts", &format!("{name}.scene.ts")]);
    if let Some(chromium) = setup::CHROMIUM.find()? {
        playwright.env("CHROMIUM", chromium);
    }
    process::run(playwright.current_dir(App::Chat.web()), &Log::Terminal)
}
