//! A client process and its proxy, as the torturer sees them.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use syncline_engine::protocol::{ClientId, StoreId, Subject};
use syncline_torture::client::{Assignment, RECEIPTS};
use syncline_torture::{Files, Proxy, Receipt, Receipts, Report, read_receipts};

use crate::process::Running;
use crate::server::{TOKEN, start_into};

pub(super) struct Client {
    assignment: Assignment,
    pub(super) proxy: Proxy,
    /// This program, as it was when the torture began.
    program: PathBuf,
    running: Option<Running>,
    start_at: Option<Instant>,
    /// How many receipts there were when an image of the files was kept.
    image: Option<usize>,
}

/// Where a client and what it needs is.
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    pub(super) store: &'a StoreId,
    pub(super) server: SocketAddr,
    pub(super) program: &'a Path,
    pub(super) seed: u64,
}

impl Client {
    pub(super) fn prepare(place: &Place<'_>, number: u64, name: &str) -> Result<Self> {
        let folder = place.folder.join(name);
        fs::create_dir_all(&folder)?;
        let proxy = Proxy::start(place.server)?;
        let assignment = Assignment {
            store: place.store.clone(),
            subject: Subject::parse(name)?,
            fresh: ClientId::parse(name)?,
            port: proxy.port(),
            token: TOKEN.to_owned(),
            folder,
            orders: place.folder.to_path_buf(),
            seed: place.seed,
            life: 0,
            number,
        };
        Ok(Self {
            assignment,
            proxy,
            program: place.program.to_path_buf(),
            running: None,
            start_at: None,
            image: None,
        })
    }

    pub(super) fn name(&self) -> &str {
        self.assignment.subject.as_str()
    }

    pub(super) fn start_in(&mut self, wait: Duration) {
        self.start_at = Some(Instant::now() + wait);
    }

    /// Starts it at once, if it is down.
    pub(super) fn recover(&mut self) {
        if self.running.is_none() {
            self.start_in(Duration::ZERO);
        }
        self.proxy.calm();
    }

    /// Starts it when it is time; says how it ended where nobody has killed it.
    pub(super) fn tick(&mut self) -> Result<Option<String>> {
        if let Some(how) = self.running.as_ref().and_then(Running::ended) {
            self.running = None;
            return Ok(Some(format!(
                "the process of {} ended by itself ({how}); see its output.txt",
                self.name()
            )));
        }
        if self.running.is_none() && self.start_at.is_some_and(|at| Instant::now() >= at) {
            self.start_at = None;
            self.assignment.life += 1;
            // Random in an app: no two processes ever offer the same id.
            let fresh = format!("{}-{}", self.name(), self.assignment.life);
            self.assignment.fresh = ClientId::parse(fresh)?;
            let mut command = Command::new(&self.program);
            command.arg("torture-client").arg(serde_json::to_string(&self.assignment)?);
            let output = self.assignment.folder.join("output.txt");
            let output = OpenOptions::new().create(true).append(true).open(output)?;
            self.running = Some(start_into(&mut command, output)?);
        }
        Ok(None)
    }

    /// As a power cut; whether there was something to kill.
    pub(super) fn kill(&mut self) -> Result<bool> {
        self.start_at = None;
        let running = self.running.take();
        let was = running.is_some();
        running.map_or(Ok(()), Running::kill)?;
        Ok(was)
    }

    /// What becomes of the files of a killed process; whether they are others now.
    pub(super) fn replace_files(&mut self, files: Files) -> Result<bool> {
        let (folder, image) = (self.assignment.folder.clone(), self.assignment.folder.join("image"));
        match (files, self.image) {
            (Files::Stay, _) | (Files::Restored, None) => Ok(false),
            (Files::Saved, _) => {
                fs::create_dir_all(&image)?;
                copy_databases(&folder, &image)?;
                self.image = Some(self.receipts()?.len());
                Ok(false)
            }
            (Files::Restored, Some(receipts)) => {
                copy_databases(&image, &folder)?;
                Receipts::open(&folder.join(RECEIPTS))?.write(&[Receipt::Restored { receipts }])?;
                Ok(true)
            }
        }
    }

    pub(super) fn report(&self, round: u32) -> Option<Report> {
        Report::of_round(&self.assignment.folder, round)
    }

    pub(super) fn receipts(&self) -> Result<Vec<Receipt>> {
        read_receipts(&self.assignment.folder.join(RECEIPTS))
    }
}

/// Makes the databases of one folder those of the other, and what SQLite keeps beside them.
fn copy_databases(from: &Path, to: &Path) -> Result<()> {
    for database in ["log.db", "state.db"] {
        for companion in ["", "-wal", "-shm"] {
            let name = format!("{database}{companion}");
            let (from, to) = (from.join(&name), to.join(&name));
            if to.exists() {
                fs::remove_file(&to)?;
            }
            if from.exists() && companion != "-shm" {
                fs::copy(from, to)?;
            }
        }
    }
    Ok(())
}
