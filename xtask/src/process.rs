//! Child processes: each in a group of its own, so that none outlives this one.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use crate::log::Log;

/// The groups that run now, by the id of their first process.
static GROUPS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
static ENDING: AtomicBool = AtomicBool::new(false);

/// Held while something runs that must not be cut short.
static WHOLE: Mutex<()> = Mutex::new(());

/// How long a process may take to end by itself when it is asked to.
const GRACE: Duration = Duration::from_secs(4);

/// Runs a command to its end; its output goes to `log`.
pub(crate) fn run(command: &mut Command, log: &Log) -> Result<()> {
    let status = start(command, log)?.wait()?;
    if !status.success() {
        bail!("`{}` failed ({status})", describe(command));
    }
    Ok(())
}

/// Runs a command that must not be cut short, as a system's package manager half way through
/// leaves the system broken: when this program is told to end, it waits for it.
pub(crate) fn run_whole(command: &mut Command) -> Result<()> {
    let whole = WHOLE.lock().unwrap_or_else(PoisonError::into_inner);
    command.stdin(Stdio::null()).process_group(0);
    let status = command.status();
    drop(whole);
    stay_silent_while_ending();
    let status = status.with_context(|| format!("`{}` did not start", describe(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", describe(command));
    }
    Ok(())
}

/// Runs a command to its end and returns what it printed to stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` did not start", describe(command)))?;
    printed(command, output)
}

/// The same with a text as its input, where no list of processes shows it.
pub(crate) fn output_of(command: &mut Command, input: &str) -> Result<String> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = piped.spawn().and_then(|mut child| {
        let stdin = child.stdin.take();
        thread::scope(|scope| {
            // What does not read its input has its own reason, and says it.
            scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input.as_bytes()).ok()));
            child.wait_with_output()
        })
    });
    let output = started.with_context(|| format!("`{}` did not start", describe(command)))?;
    printed(command, output)
}

fn printed(command: &Command, output: Output) -> Result<String> {
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}", describe(command), stderr.trim());
    }
    String::from_utf8(output.stdout).context("output is not UTF-8")
}

/// A command that runs.
pub(crate) struct Running {
    name: String,
    group: i32,
    ended: Receiver<std::io::Result<ExitStatus>>,
}

impl Running {
    pub(crate) fn wait(self) -> Result<ExitStatus> {
        let status = self.ended.recv().context("nobody waits for the process")?;
        stay_silent_while_ending();
        Ok(status?)
    }

    /// The group of all of its processes.
    pub(crate) const fn group(&self) -> i32 {
        self.group
    }

    /// As a power cut: no process of its group gets to do anything more.
    pub(crate) fn kill(self) -> Result<()> {
        if let Some(group) = Pid::from_raw(self.group) {
            // It may have ended by itself.
            kill_process_group(group, Signal::KILL).ok();
        }
        self.wait().map(drop)
    }

    /// Asks it to end, and makes it, when it does not.
    pub(crate) fn end(self) -> Result<()> {
        end(self.group);
        self.wait().map(drop)
    }

    /// How it has ended, once it has.
    pub(crate) fn ended(&self) -> Option<String> {
        match self.ended.try_recv() {
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some("nobody waits for it".to_owned()),
            Ok(status) => {
                stay_silent_while_ending();
                Some(status.map_or_else(|error| error.to_string(), |status| status.to_string()))
            }
        }
    }

    /// An error once the command has ended: a service is to run until it is told to end.
    pub(crate) fn check(&self) -> Result<()> {
        match self.ended.try_recv() {
            Err(TryRecvError::Empty) => Ok(()),
            ended => {
                stay_silent_while_ending();
                bail!("`{}` ended by itself ({})", self.name, ended??)
            }
        }
    }
}

/// What a process says that is being killed is not to be reported.
fn stay_silent_while_ending() {
    while ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
}

/// Starts a command in a process group of its own.
pub(crate) fn start(command: &mut Command, log: &Log) -> Result<Running> {
    let name = describe(command);
    command.stdin(Stdio::null()).process_group(0);
    let reader = match log {
        Log::Terminal => None,
        Log::Service(_) | Log::Buffer(_) => {
            let (reader, writer) = std::io::pipe()?;
            command.stdout(writer.try_clone()?).stderr(writer);
            Some(reader)
        }
    };
    let child = command.spawn();
    if reader.is_some() {
        // The command holds the writing ends until they are replaced: the reader would never end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    let mut child = child.with_context(|| format!("`{name}` did not start"))?;
    let group = child.id().cast_signed();
    groups(|groups| groups.insert(group));
    let copying = reader.map(|reader| copy_lines(reader, log.clone()));
    let (send, ended) = channel();
    thread::spawn(move || {
        let status = child.wait();
        // What it leaves behind would hold ports and pipes.
        end(group);
        copying.map(thread::JoinHandle::join);
        groups(|groups| groups.remove(&group));
        send.send(status).ok();
    });
    Ok(Running { name, group, ended })
}

fn copy_lines(reader: PipeReader, log: Log) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            log.line(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    })
}

/// Ends every process that was started here, when this one is told to end.
pub(crate) fn end_all_on_signal() -> Result<()> {
    ctrlc::set_handler(|| {
        end_all();
        if WHOLE.try_lock().is_err() {
            eprintln!("ending as soon as the installation is complete");
        }
        drop(WHOLE.lock());
        std::process::exit(130);
    })
    .context("no signal handler")
}

pub(crate) fn end_all() {
    ENDING.store(true, Ordering::SeqCst);
    let running = groups(std::mem::take);
    let ending: Vec<_> = running.into_iter().map(|group| thread::spawn(move || end(group))).collect();
    for ended in ending {
        ended.join().ok();
    }
}

/// Asks a group to end, and makes it, when it does not.
fn end(group: i32) {
    let Some(group) = Pid::from_raw(group) else {
        return;
    };
    kill_process_group(group, Signal::TERM).ok();
    let deadline = Instant::now() + GRACE;
    while test_kill_process_group(group).is_ok() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    kill_process_group(group, Signal::KILL).ok();
}

fn groups<T>(change: impl FnOnce(&mut BTreeSet<i32>) -> T) -> T {
    change(&mut GROUPS.lock().unwrap_or_else(PoisonError::into_inner))
}

fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_the_text_that_it_is_given_and_no_list_of_processes_shows_it() {
        let secret = "s".repeat(1 << 20);
        assert_eq!(output_of(&mut Command::new("cat"), &secret).unwrap(), secret);
    }

    #[test]
    fn a_command_that_fails_without_reading_says_why() {
        let mut fails = Command::new("sh");
        fails.args(["-c", "echo no such account >&2; exit 1"]);
        let error = output_of(&mut fails, &"s".repeat(1 << 20)).unwrap_err().to_string();
        assert!(error.ends_with("failed: no such account"), "{error}");
    }
}
