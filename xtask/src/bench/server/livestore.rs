//! LiveStore's server, as npm has it, on the same workerd.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::host::{Host, Place};
use crate::dev::wrangler;
use crate::log::Log;
use crate::process::{self, Running};
use crate::server;

const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("livestore/package.json")),
    ("worker.js", include_str!("livestore/worker.js")),
    ("wrangler.toml", include_str!("livestore/wrangler.toml")),
];

pub(in super::super) struct LiveStore {
    folder: PathBuf,
    running: Option<Running>,
}

impl LiveStore {
    /// With the packages from npm, in a folder where nothing else sees them.
    pub(in super::super) fn prepare(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        for (name, text) in FILES {
            fs::write(folder.join(name), text)?;
        }
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder);
        let said = Log::buffer();
        process::run(&mut npm, &said).with_context(|| said.text())?;
        Ok(Self { folder, running: None })
    }
}

impl Host for LiveStore {
    fn name(&self) -> &'static str {
        "LiveStore"
    }

    fn start(&mut self) -> Result<Place> {
        let (port, inspector) = (server::free_port()?, server::free_port()?.to_string());
        let mut dev = wrangler();
        dev.args(["dev", "--ip", "127.0.0.1", "--port", &port.to_string(), "--inspector-port", &inspector]);
        dev.args(["--show-interactive-dev-session=false", "--persist-to"]).arg(self.folder.join("state"));
        dev.current_dir(&self.folder);
        let output = File::create(self.folder.join("output.txt"))?;
        let running = server::start_into(&mut dev, output)?;
        let group = running.group();
        let running = self.running.insert(running);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        server::until(|| {
            running.check()?;
            Ok(server::answers_at(address, "/"))
        })?;
        Ok(Place { port, group })
    }

    fn stop(&mut self) -> Result<()> {
        self.running.take().map_or(Ok(()), Running::kill)?;
        Ok(fs::remove_dir_all(self.folder.join("state"))?)
    }
}
