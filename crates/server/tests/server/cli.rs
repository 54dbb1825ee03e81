//! The commands, as a user runs them: processes against a server that is one, too.

mod backups;
mod drill;
mod imports;
mod livestore;
mod logs;
mod tls;
mod tokens;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::client::Client;
use super::host::Process;

pub(crate) const OPERATOR: &str = "operator";

/// What a command has come to.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// The lines of JSON that it has written.
    pub(crate) fn lines(&self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn refused_nothing(&self) {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
    }

    /// It has failed with this exit code, and says this one.
    pub(crate) fn refused(&self, exit: i32, code: &str) {
        assert_eq!(self.code, Some(exit), "{}{}", self.out, self.err);
        assert!(self.err.contains(code), "{code}: {}", self.err);
    }
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncline"));
    for name in ["SYNCLINE_URL", "SYNCLINE_TOKEN", "SYNCLINE_DATA", "JWT_SECRET"] {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(args: &[&str]) -> Done {
    finish(command(args).spawn().unwrap())
}

pub(crate) fn finish(child: Child) -> Done {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A server as a process, and how it is asked.
pub(crate) struct Asked {
    pub(crate) process: Process,
    url: String,
}

impl Asked {
    pub(crate) fn start(data: &Path) -> Self {
        let process = Process::start(data, &["--admin-token", OPERATOR]);
        let url = format!("http://{}", process.address);
        Self { process, url }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.process.address
    }

    /// As the operator.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        self.run_as(OPERATOR, args)
    }

    pub(crate) fn run_as(&self, token: &str, args: &[&str]) -> Done {
        finish(self.spawn(token, args))
    }

    pub(crate) fn spawn(&self, token: &str, args: &[&str]) -> Child {
        let all = [args, &["--url", &self.url, "--token", token]].concat();
        command(&all).spawn().unwrap()
    }

    /// Somebody says things in a store.
    pub(crate) fn say(&self, store: &str, name: &str, texts: &[&str]) {
        let mut client = Client::connect(self.address(), store, name);
        for text in texts {
            let verdict = client.say(text);
            assert!(verdict["first"].is_number(), "{verdict}");
        }
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
