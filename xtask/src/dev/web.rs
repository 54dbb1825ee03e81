//! The page on Vite's development server, which reloads it as its sources change.

use std::process::Command;

use anyhow::Result;
use console::Color;

use super::part::{self, Part};
use crate::log::Log;
use crate::workspace::{self, App};
use crate::{build, setup};

const PORT: u16 = 3001;

pub(crate) fn part(app: App) -> Part {
    Part {
        app,
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

fn service(app: App, _: &Log) -> Result<Command> {
    let mut vite = workspace::npm_bin("vite");
    vite.args(["--port", &PORT.to_string(), "--strictPort", "--clearScreen", "false"]);
    vite.current_dir(app.web());
    Ok(vite)
}
