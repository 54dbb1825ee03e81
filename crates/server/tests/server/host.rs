//! A server in this process, or one of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use syncline_server::{Config, Policy, Server, Settings};
use tokio::runtime::{Builder, Runtime};

use super::client::TOKEN;
use super::model::Sayings;

pub(crate) fn settings(data: &Path) -> Settings {
    Settings {
        listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        data: Some(data.to_owned()),
        token: Some(TOKEN.to_owned()),
        shards: Some(2),
        journal_mib: Some(1),
        drain_seconds: Some(1),
        ..Settings::default()
    }
}

/// In this process, with a model that crashes when it is told to.
pub(crate) struct Host {
    runtime: Runtime,
    server: Server,
}

impl Host {
    pub(crate) fn start(data: &Path) -> Self {
        Self::with(settings(data))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::with_policy(settings, &Policy::default())
    }

    pub(crate) fn with_policy(settings: Settings, policy: &Policy) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let config = Config::new(settings, policy, |_| None).unwrap();
        let server = runtime.block_on(Server::start::<Sayings>(config)).unwrap();
        Self { runtime, server }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.server.stop());
    }
}

/// The binary, which takes everything.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    log: std::thread::JoinHandle<Vec<String>>,
}

pub(crate) fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncline"));
    command
        .env("SYNCLINE_LISTEN", "127.0.0.1:0")
        .args(["serve", "--token", TOKEN, "--shards", "2", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

impl Process {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        Self::run(command(data).args(more))
    }

    /// On a disk where no file may become larger than so many KiB.
    pub(crate) fn start_cramped(data: &Path, kib: u32, more: &[&str]) -> Self {
        // A write beyond it fails, as on a full disk, where the signal is ignored.
        Self::start_after(data, &format!("trap '' XFSZ; ulimit -S -f {}", kib * 2), more)
    }

    /// As if somebody had made space on that disk.
    pub(crate) fn has_space(&self) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};

        let pid = Pid::from_child(&self.child);
        prlimit(Some(pid), Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
    }

    /// Where it may have so many files and connections open.
    pub(crate) fn start_with_files(data: &Path, files: u32) -> Self {
        Self::start_after(data, &format!("ulimit -n {files}"), &[])
    }

    fn start_after(data: &Path, commands: &str, more: &[&str]) -> Self {
        let mut serve = command(data);
        serve.args(more);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{commands}; exec \"$0\" \"$@\""));
        shell.arg(serve.get_program()).args(serve.get_args());
        shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::run(shell.stdin(Stdio::null()).stderr(Stdio::piped()))
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut before = Vec::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it did not start: {before:?}"));
            let after = ["address=", "\"address\":\""].iter().find_map(|name| line.split(name).nth(1));
            let address = after.and_then(|rest| rest.split([' ', '"']).next()?.parse().ok());
            before.push(line);
            if let Some(address) = address {
                break address;
            }
        };
        let log = std::thread::spawn(move || before.into_iter().chain(lines).collect());
        Self { child, address, log }
    }

    /// SIGKILL; what it has logged.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.join().unwrap()
    }

    /// SIGTERM, and its exit code.
    pub(crate) fn terminate(mut self) -> (Option<i32>, Vec<String>) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        (status.code(), self.log.join().unwrap())
    }
}
