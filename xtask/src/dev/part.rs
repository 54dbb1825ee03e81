//! One service that `dev` builds, starts and watches.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;
use console::{Color, Style};

use crate::build::Mode;
use crate::log::{Log, Service};
use crate::process::{self, Running};
use crate::workspace::App;

pub(crate) struct Part {
    pub(crate) app: App,
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) setup: fn() -> Result<()>,
    pub(crate) build: fn(App, Mode, &Log) -> Result<()>,
    /// What is to be done before the service starts, and the command that runs it.
    pub(crate) service: fn(App, &Log) -> Result<Command>,
    /// The service is this file, and starts again with a new one; others notice by themselves what was built.
    pub(crate) program: Option<PathBuf>,
    pub(crate) log: Log,
    pub(crate) running: Option<(Running, Option<SystemTime>)>,
}

impl Part {
    /// Builds it, and starts it if that is still to be done. A failed build waits for the next change.
    pub(crate) fn renew(&mut self) -> Result<()> {
        if let Err(error) = (self.build)(self.app, Mode::Dev, &self.log) {
            self.log.line(&format!("{error:#}; waiting for a change"));
            return Ok(());
        }
        let built = match &self.program {
            Some(program) => Some(program.metadata()?.modified()?),
            None => None,
        };
        if let Some((running, _)) = self.running.take_if(|(_, of)| *of != built) {
            running.end()?;
        }
        if self.running.is_none() {
            let mut command = (self.service)(self.app, &self.log)?;
            self.running = Some((process::start(&mut command, &self.log)?, built));
        }
        Ok(())
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.running.as_ref().map_or(Ok(()), |(running, _)| running.check())
    }

    pub(crate) fn answers(&self) -> bool {
        TcpStream::connect(("localhost", self.port)).is_ok()
    }
}

pub(crate) fn log(name: &'static str, color: Color) -> Log {
    Log::Service(Service { name, style: Style::new().fg(color) })
}
