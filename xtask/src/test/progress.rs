//! How the steps are shown while they run, and what is left to read at the end.

use std::time::Duration;

use console::style;
use indicatif::{ProgressBar, ProgressStyle};

use super::step::{Outcome, Step};

pub(crate) struct Progress {
    /// Absent where there is no terminal, and in CI.
    spinner: Option<ProgressBar>,
    width: usize,
    lines: Vec<String>,
    passed: usize,
    skipped: usize,
}

impl Progress {
    pub(crate) fn new(steps: &[&Step]) -> Self {
        let ci = std::env::var_os("CI").is_some_and(|ci| ci != "false");
        let spinner = (console::user_attended() && !ci).then(|| {
            let template = "{spinner} {msg} {elapsed}";
            let style = ProgressStyle::with_template(template);
            ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        let width = steps.iter().map(|step| step.name.len()).max().unwrap_or_default();
        Self { spinner, width, lines: Vec::new(), passed: 0, skipped: 0 }
    }

    pub(crate) fn begin(&self, step: &Step) {
        let message = format!("{:<width$}  {}", step.name, step.about, width = self.width);
        match &self.spinner {
            Some(spinner) => {
                spinner.reset();
                spinner.set_message(message);
                spinner.enable_steady_tick(Duration::from_millis(100));
            }
            None => println!("→ {message}"),
        }
    }

    pub(crate) fn end(&mut self, step: &Step, outcome: &Outcome) {
        if let Some(spinner) = &self.spinner {
            spinner.disable_steady_tick();
            spinner.finish_and_clear();
        }
        let name = format!("{:<width$}", step.name, width = self.width);
        let line = match outcome {
            Outcome::Passed(after) => {
                self.passed += 1;
                format!("{} {name}  {}  {}", style("✓").green(), seconds(*after), step.about)
            }
            Outcome::Skipped(reason) => {
                self.skipped += 1;
                format!("{} {name}  {:>8}  {reason}", style("–").yellow(), "skipped")
            }
            Outcome::Failed { after, output } => {
                println!("{output}");
                format!("{} {name}  {}  {}", style("✗").red(), seconds(*after), step.about)
            }
        };
        println!("{line}");
        self.lines.push(line);
    }

    pub(crate) fn summary(&self, after: Duration) {
        println!("\n{}\n", style(format!("{} steps in{}", self.lines.len(), seconds(after))).bold());
        for line in &self.lines {
            println!("{line}");
        }
        // In the form of a test runner's last line, which other programs look for.
        let failed = self.lines.len() - self.passed - self.skipped;
        println!("\nsteps: {} passed, {failed} failed, {} skipped\n", self.passed, self.skipped);
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:>6.1} s", duration.as_secs_f64())
}
