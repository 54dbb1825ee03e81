//! The servers, each started anew for a row.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::server::{self, Server};
use crate::workspace::App;

pub(in super::super) const TOKEN: &str = server::TOKEN;

/// Where a server is: its port, and the group of its processes.
#[derive(Clone, Copy)]
pub(in super::super) struct Place {
    pub(in super::super) port: u16,
    pub(in super::super) group: i32,
}

pub(in super::super) trait Host {
    fn name(&self) -> &'static str;
    /// Starts it, and waits until it answers.
    fn start(&mut self) -> Result<Place>;
    fn stop(&mut self) -> Result<()>;
}

/// One of ours, with storage on the disk of this repository.
pub(in super::super) struct Own {
    name: &'static str,
    server: Server,
}

impl Own {
    pub(in super::super) fn workerd(app: App, folder: PathBuf) -> Result<Self> {
        Ok(Self { name: "workerd", server: Server::workerd(app, folder, &server::shared_token())? })
    }

    pub(in super::super) fn native(folder: PathBuf, program: &Path) -> Result<Self> {
        let vars = [("SYNCLINE_TOKEN", TOKEN), ("SYNCLINE_LOG", "warn"), ("SYNCLINE_LIVESTORE", "root")];
        Ok(Self { name: "native", server: Server::native(folder, program, &vars)? })
    }
}

impl Host for Own {
    fn name(&self) -> &'static str {
        self.name
    }

    fn start(&mut self) -> Result<Place> {
        self.server.start()?;
        let group = self.server.group().context("it has ended")?;
        Ok(Place { port: self.server.port(), group })
    }

    fn stop(&mut self) -> Result<()> {
        self.server.kill()?;
        if !self.server.has_archive() {
            fs::remove_dir_all(self.server.state())?;
        }
        Ok(())
    }
}
