//! The page on Vite's development server, which reloads it as its sources change.

use std::process::Command;

use anyhow::Result;
use console::Color;

use super::part::{self, Part};
use crate::log::Log;
use crate::{build, setup, workspace};

const PORT: u16 = 3001;

pub(crate) fn part() -> Part {
    Part {
        name: "web",
        port: PORT,
        setup: setup::for_build,
        build: build::client,
        service,
        program: None,
        log: part::log("web", Color::Magenta),
        running: None,
    }
}

fn service(_: &Log) -> Result<Command> {
    let mut vite = workspace::npm_bin("vite");
    vite.args(["--port", &PORT.to_string(), "--strictPort", "--clearScreen", "false"]);
    vite.current_dir(workspace::path(workspace::PAGE_DIR));
    Ok(vite)
}
