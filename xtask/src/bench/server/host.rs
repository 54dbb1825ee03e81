//! The two servers, each started anew for a row.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::Running;
use crate::workerd::{self, Server};

pub(super) const TOKEN: &str = workerd::TOKEN;

/// Where a server is: its port, and the group of its processes.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) port: u16,
    pub(super) group: i32,
}

pub(super) trait Host {
    fn name(&self) -> &'static str;
    /// Starts it, and waits until it answers.
    fn start(&mut self) -> Result<Place>;
    fn stop(&mut self) -> Result<()>;
}

pub(super) struct Workerd(Server);

impl Workerd {
    pub(super) fn prepare(folder: PathBuf) -> Result<Self> {
        Server::prepare(folder, &workerd::shared_token()).map(Self)
    }
}

impl Host for Workerd {
    fn name(&self) -> &'static str {
        "workerd"
    }

    fn start(&mut self) -> Result<Place> {
        self.0.start()?;
        let group = self.0.group().context("it has ended")?;
        Ok(Place { port: self.0.port(), group })
    }

    fn stop(&mut self) -> Result<()> {
        self.0.kill().map(drop)
    }
}

/// The native server as it comes, with a directory of its own on the disk of this repository.
pub(super) struct Native {
    program: PathBuf,
    folder: PathBuf,
    running: Option<Running>,
}

impl Native {
    pub(super) const fn new(program: PathBuf, folder: PathBuf) -> Self {
        Self { program, folder, running: None }
    }
}

impl Host for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn start(&mut self) -> Result<Place> {
        fs::create_dir_all(&self.folder)?;
        let port = workerd::free_port()?;
        let mut serve = Command::new(&self.program);
        serve.args(["serve", "--log", "warn", "--listen", &format!("127.0.0.1:{port}"), "--data"]);
        serve.arg(self.folder.join("data")).env("SYNCLINE_TOKEN", TOKEN);
        let output = File::create(self.folder.join("output.txt"))?;
        let running = workerd::start_into(&mut serve, output)?;
        let group = running.group();
        let running = self.running.insert(running);
        workerd::until(|| {
            running.check()?;
            Ok(workerd::answers(([127, 0, 0, 1], port).into()))
        })?;
        Ok(Place { port, group })
    }

    fn stop(&mut self) -> Result<()> {
        self.running.take().map_or(Ok(()), Running::kill)?;
        Ok(fs::remove_dir_all(self.folder.join("data"))?)
    }
}
