//! The native server in the worker's place, with a directory that outlives a restart.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use console::Color;

use super::part::{self, Part};
use crate::build;
use crate::log::Log;
use crate::workspace::{self, App};

/// That of the worker, which the page and the docs know.
const PORT: u16 = 8787;

/// What the page says, as it says it to the worker.
const TOKEN: &str = "dev-token";

pub(crate) fn part(app: App) -> Result<Part> {
    Ok(Part {
        app,
        name: "native",
        port: PORT,
        setup: || Ok(()),
        build: |app, _, log| build::native(app, false, log),
        service,
        program: Some(program(app)?),
        log: part::log("native", Color::Cyan),
        running: None,
    })
}

fn program(app: App) -> Result<PathBuf> {
    let (_, program) = app.server();
    Ok(workspace::target_dir()?.join("debug").join(program))
}

fn service(app: App, _: &Log) -> Result<Command> {
    let data = workspace::target_dir()?.join("xtask/data").join(app.name());
    let mut serve = Command::new(program(app)?);
    serve.current_dir(workspace::root());
    serve.args(["serve", "--listen", &format!("127.0.0.1:{PORT}"), "--data"]).arg(data);
    serve.env("SYNCLINE_TOKEN", TOKEN);
    if app == App::Livestore {
        // Where the app's own server would be.
        serve.args(["--livestore", "root"]);
    }
    Ok(serve)
}
