//! A server of the chat that tests start and kill, with a port and storage of its own: the worker on workerd, as
//! wrangler runs it, or the native one.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::dev::wrangler;
use crate::log::Log;
use crate::process::{self, Running};
use crate::workspace::App;

/// The token of a server that is started here.
pub(crate) const TOKEN: &str = "the-token-of-the-tests";

/// The bindings of a worker that asks for it.
pub(crate) fn shared_token() -> String {
    format!("AUTH_TOKEN=\"{TOKEN}\"\n")
}

/// A port that was free may not be any more: then the server ends, and is started again.
const FAILED_STARTS: u32 = 5;

pub(crate) struct Server {
    kind: Kind,
    folder: PathBuf,
    port: u16,
    running: Option<Running>,
    start_at: Option<Instant>,
    failed_starts: u32,
}

enum Kind {
    Workerd,
    Native { program: PathBuf, vars: Vec<(String, String)> },
}

impl Server {
    /// Copies what was built, so that building anew changes nothing here.
    pub(crate) fn native(folder: PathBuf, program: &Path, vars: &[(&str, &str)]) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let own = folder.join("server");
        fs::copy(program, &own).with_context(|| format!("{}", program.display()))?;
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let kind = Kind::Native { program: own, vars };
        Ok(Self { kind, folder, port: free_port()?, running: None, start_at: None, failed_starts: 0 })
    }

    /// Copies what was built, and creates the archive.
    pub(crate) fn workerd(app: App, folder: PathBuf, secrets: &str) -> Result<Self> {
        let app = app.worker();
        let worker = folder.join("worker");
        fs::create_dir_all(&worker)?;
        copy_all(&app.join("dist"), &worker)?;
        let own = fs::read_to_string(app.join("wrangler.toml"))?;
        fs::write(folder.join("wrangler.toml"), configuration(&own, &app)?)?;
        fs::write(folder.join(".dev.vars"), secrets)?;
        let (kind, port) = (Kind::Workerd, free_port()?);
        let server = Self { kind, folder, port, running: None, start_at: None, failed_starts: 0 };
        let said = Log::buffer();
        let mut migrations = server.wrangler(&["d1", "migrations", "apply", "DB", "--local"]);
        process::run(&mut migrations, &said).with_context(|| said.text())?;
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The group of its processes, while it runs.
    pub(crate) fn group(&self) -> Option<i32> {
        self.running.as_ref().map(Running::group)
    }

    pub(crate) const fn has_archive(&self) -> bool {
        matches!(self.kind, Kind::Workerd)
    }

    /// Where stores and archive are.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub(crate) fn start_in(&mut self, wait: Duration) {
        self.start_at = Some(Instant::now() + wait);
    }

    /// Starts it when it is time, and again where it ended by itself.
    pub(crate) fn tick(&mut self) -> Result<()> {
        if let Some(how) = self.running.as_ref().and_then(Running::ended) {
            self.running = None;
            self.failed_starts += 1;
            if self.failed_starts > FAILED_STARTS {
                bail!("the server ends by itself ({how}); see {}", self.output().display());
            }
            self.start_in(Duration::from_millis(200));
        }
        if self.running.is_none() && self.start_at.is_some_and(|at| Instant::now() >= at) {
            self.start_at = None;
            let mut command = self.command()?;
            let output = OpenOptions::new().create(true).append(true).open(self.output())?;
            self.running = Some(start_into(&mut command, output)?);
        }
        Ok(())
    }

    /// Starts it, and waits until it answers.
    pub(crate) fn start(&mut self) -> Result<()> {
        self.start_in(Duration::ZERO);
        let address = self.address();
        until(|| {
            self.tick()?;
            Ok(self.running.is_some() && answers(address))
        })
        .with_context(|| format!("see {}", self.output().display()))
    }

    fn command(&self) -> Result<Command> {
        let port = self.port.to_string();
        match &self.kind {
            Kind::Workerd => {
                let inspector = free_port()?.to_string();
                let mut dev = self.wrangler(&["dev", "--ip", "127.0.0.1", "--port", &port]);
                dev.args(["--inspector-port", &inspector, "--show-interactive-dev-session=false"]);
                Ok(dev)
            }
            Kind::Native { program, vars } => {
                let mut serve = Command::new(program);
                serve.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(self.state());
                serve.envs(vars.iter().map(|(name, value)| (name, value)));
                Ok(serve)
            }
        }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.start_at = None;
        self.running.take().map_or(Ok(()), Running::end)
    }

    /// As a power cut; whether there was something to kill.
    pub(crate) fn kill(&mut self) -> Result<bool> {
        self.start_at = None;
        let running = self.running.take();
        let was = running.is_some();
        running.map_or(Ok(()), Running::kill)?;
        Ok(was)
    }

    pub(crate) fn answers(&mut self) -> bool {
        let answers = self.running.is_some() && answers(self.address());
        if answers {
            self.failed_starts = 0;
        }
        answers
    }

    /// What it says.
    pub(crate) fn output(&self) -> PathBuf {
        self.folder.join("output.txt")
    }

    fn wrangler(&self, words: &[&str]) -> Command {
        let mut command = wrangler();
        command.args(words).arg("--config").arg(self.folder.join("wrangler.toml"));
        command.arg("--persist-to").arg(self.state()).current_dir(&self.folder);
        command
    }
}

/// Waits until something is so, for as long as a server may take to start.
pub(crate) fn until(mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(60);
    let deadline = Instant::now() + PATIENCE;
    while !is_so()? {
        if Instant::now() > deadline {
            bail!("the server does not answer within {} s", PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Starts a command whose output goes to a file.
pub(crate) fn start_into(command: &mut Command, output: File) -> Result<Running> {
    command.stdout(output.try_clone()?).stderr(output);
    process::start(command, &Log::Terminal)
}

/// The app's own, but for its paths: it lies in another folder.
fn configuration(own: &str, app: &Path) -> Result<String> {
    let mut moved = String::new();
    let mut changed = 0;
    for line in own.lines() {
        let line = if line.starts_with("main = ") {
            changed += 1;
            "main = \"worker/shim.js\"".to_owned()
        } else if let Some(path) = line.strip_prefix("migrations_dir = ") {
            changed += 1;
            let path = app.join(path.trim_matches('"'));
            format!("migrations_dir = {:?}", path.display().to_string())
        } else {
            line.to_owned()
        };
        moved.push_str(&line);
        moved.push('\n');
    }
    if changed == 2 { Ok(moved) } else { bail!("wrangler.toml has no main or no migrations_dir") }
}

pub(crate) fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Whether a server says of itself that it is there.
pub(crate) fn answers(address: SocketAddr) -> bool {
    answers_at(address, "/health")
}

pub(crate) fn answers_at(address: SocketAddr, path: &str) -> bool {
    get(address, path).is_ok_and(|answer| answer.contains(" 200 "))
}

fn get(address: SocketAddr, path: &str) -> Result<String> {
    let patience = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 64];
    let read = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(answer.get(..read).unwrap_or_default()).into_owned())
}

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_the_apps_own_in_another_folder() {
        let app = App::Chat.worker();
        let own = fs::read_to_string(app.join("wrangler.toml")).unwrap();
        let moved = configuration(&own, &app).unwrap();
        assert!(moved.contains("main = \"worker/shim.js\"\n"), "{moved}");
        assert!(moved.contains("new_sqlite_classes"), "{moved}");
        let migrations = moved.lines().find_map(|line| line.strip_prefix("migrations_dir = ")).unwrap();
        assert!(Path::new(migrations.trim_matches('"')).is_dir(), "{migrations}");
        assert!(configuration("name = \"x\"", &app).is_err());
    }
}
