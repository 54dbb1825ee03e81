//! The native server in the worker's place, with a directory that outlives a restart.

use std::process::Command;

use anyhow::Result;
use console::Color;

use super::part::{self, Part};
use crate::log::Log;
use crate::{build, workspace};

/// That of the worker, which the page and the docs know.
const PORT: u16 = 8787;

/// What the page says, as it says it to the worker.
const TOKEN: &str = "dev-token";

pub(crate) fn part() -> Result<Part> {
    Ok(Part {
        name: "native",
        port: PORT,
        setup: || Ok(()),
        build: |_, log| build::native(false, log),
        service,
        program: Some(workspace::target_dir()?.join("debug/chat-server")),
        log: part::log("native", Color::Cyan),
        running: None,
    })
}

fn service(_: &Log) -> Result<Command> {
    let target = workspace::target_dir()?;
    let mut serve = Command::new(target.join("debug/chat-server"));
    serve.current_dir(workspace::root());
    serve.args(["serve", "--listen", &format!("127.0.0.1:{PORT}"), "--data"]).arg(target.join("xtask/data"));
    serve.env("SYNCLINE_TOKEN", TOKEN);
    Ok(serve)
}
