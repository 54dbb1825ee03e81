//! Where the output of a command goes: the terminal, a prefixed log, or a buffer that is shown on failure.

use std::sync::{Arc, Mutex, PoisonError};

use console::Style;

#[derive(Clone)]
pub(crate) enum Log {
    Terminal,
    Service(Service),
    Buffer(Arc<Mutex<String>>),
}

/// A service of `cargo xtask dev`, as it is named at the start of each of its lines.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) style: Style,
}

impl Log {
    pub(crate) fn buffer() -> Self {
        Self::Buffer(Arc::default())
    }

    pub(crate) fn line(&self, line: &str) {
        match self {
            Self::Terminal => println!("{line}"),
            Self::Service(Service { name, style }) => {
                println!("{} {line}", style.apply_to(format!("{name:<11} │")));
            }
            Self::Buffer(buffer) => {
                let mut buffer = buffer.lock().unwrap_or_else(PoisonError::into_inner);
                buffer.push_str(line);
                buffer.push('\n');
            }
        }
    }

    /// What was written to a buffer.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Terminal | Self::Service(_) => String::new(),
            Self::Buffer(buffer) => buffer.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
