//! Whether what was deployed answers.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process;

/// A new name of a worker takes a moment to be known everywhere.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_secs(2);

/// Node.js is here, as wrangler needs it; nothing else here speaks HTTPS.
const ASK: &str = "
const answer = await fetch(process.argv[1], { signal: AbortSignal.timeout(10_000) });
console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));";

#[derive(Deserialize)]
struct Answer {
    status: u16,
    body: String,
}

/// A line of wrangler's report.
#[derive(Deserialize)]
struct Reported {
    r#type: String,
    #[serde(default)]
    targets: Option<Vec<String>>,
}

/// Where the worker answers now. Routes are patterns, no addresses; a custom domain comes last.
pub(super) fn address(report: &str) -> Result<String> {
    let lines = report.lines().filter_map(|line| serde_json::from_str::<Reported>(line).ok());
    let targets = lines.filter(|line| line.r#type == "deploy").filter_map(|line| line.targets).flatten();
    let mut addresses = targets.filter_map(|target| match target.split_once(" (custom domain") {
        Some((domain, _)) => Some(format!("https://{domain}")),
        None => target.starts_with("http").then_some(target),
    });
    addresses.next_back().context(
        "it is deployed, and wrangler names no address that could be asked: \
         it has neither a workers.dev address nor a custom domain",
    )
}

/// Waits until `/health` says that all is well.
pub(super) fn wait(url: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let url = format!("{}/health", url.trim_end_matches('/'));
    loop {
        match ask(&url).and_then(|answer| judge(&answer)) {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                return Err(error.context(format!("it is deployed, but {url} is not well")));
            }
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

fn ask(url: &str) -> Result<Answer> {
    let answer = process::output(Command::new("node").args(["--input-type=module", "--eval", ASK, url]))?;
    serde_json::from_str(&answer).context("no answer")
}

fn judge(answer: &Answer) -> Result<()> {
    #[derive(Deserialize)]
    struct Health {
        status: String,
    }
    let health = serde_json::from_str::<Health>(&answer.body);
    if answer.status == 200 && health.is_ok_and(|health| health.status == "ok") {
        return Ok(());
    }
    bail!("it answers {}: {}", answer.status, answer.body.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"type":"wrangler-session","version":1,"wrangler_version":"4.86.0","command_line_args":["deploy"],"log_file_path":"","timestamp":"2026-11-25T05:02:24.437Z"}
{"type":"deploy","version":1,"worker_name":"chat-sync","worker_tag":null,"version_id":null,"targets":TARGETS,"worker_name_overridden":false,"timestamp":"2026-11-25T05:02:25.144Z"}
"#;

    #[test]
    fn the_address_is_read_from_what_wrangler_reports() {
        let address = |targets: &str| address(&REPORT.replace("TARGETS", targets));
        let workers_dev = r#"["https://chat-sync.acme.workers.dev"]"#;
        assert_eq!(address(workers_dev).unwrap(), "https://chat-sync.acme.workers.dev");
        let domain = r#"["https://chat-sync.acme.workers.dev","sync.example.com (custom domain)"]"#;
        assert_eq!(address(domain).unwrap(), "https://sync.example.com");
        let in_a_zone = r#"["sync.example.com (custom domain - zone name: example.com)"]"#;
        assert_eq!(address(in_a_zone).unwrap(), "https://sync.example.com");
    }

    #[test]
    fn a_worker_without_an_address_or_a_report_is_an_error() {
        assert!(
            address(&REPORT.replace("TARGETS", r#"["example.com/* (zone name: example.com)"]"#)).is_err()
        );
        assert!(address("").is_err());
    }

    #[test]
    fn only_the_health_of_a_server_is_well() {
        let judge = |status, body: &str| judge(&Answer { status, body: body.to_owned() });
        judge(200, r#"{"status":"ok","version":"0.1.0"}"#).unwrap();
        assert!(judge(500, r#"{"code":"not-configured","message":"…"}"#).is_err());
        assert!(judge(200, "<html>There is nothing here yet</html>").is_err());
        assert!(judge(503, r#"{"status":"ok"}"#).is_err());
    }
}
