//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use syncline_auth::{MakePolicy, Policy};
use syncline_engine::Model;
use thiserror::Error;
use tracing::error;

use crate::config::{Config, ConfigError, Settings};
use crate::directory::DirectoryError;
use crate::log;
use crate::server::{Server, StartError};

const EXIT_CODES: &str = "Exit codes:
  0  stopped, as it was asked to
  1  something else
  2  the command line or the configuration is wrong
  3  another server has the data directory
  4  the data directory cannot be read or written
  5  the address cannot be listened on";

/// Syncline: one ordered log per store, typed events, and rules that hold on every client and here.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the stores of a directory, until SIGTERM or SIGINT
    #[command(after_help = EXIT_CODES)]
    Serve {
        /// A TOML file with any of the settings below, in kebab-case; flags and the environment come first
        #[arg(long, env = "SYNCLINE_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
}

/// Why a command has failed.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the runtime cannot be started: {0}")]
    Runtime(#[from] std::io::Error),
}

impl Failure {
    const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Start(StartError::Tls(_)) => 2,
            Self::Start(StartError::Directory(DirectoryError::InUse(_))) => 3,
            Self::Start(StartError::Directory(DirectoryError::Unusable { .. }) | StartError::Recovery(_)) => {
                4
            }
            Self::Start(StartError::Listen(..)) => 5,
            Self::Start(StartError::Thread(_)) | Self::Runtime(_) => 1,
        }
    }
}

/// The whole program, for a model.
#[must_use]
pub fn main<M: Model>() -> ExitCode {
    main_with::<M>(Policy::none)
}

/// The same for an app that decides something by code of its own beside its model: its policy is made of the
/// variables of the environment.
#[must_use]
pub fn main_with<M: Model>(policy: MakePolicy) -> ExitCode {
    let Cli { command: Command::Serve { config, settings } } = Cli::parse();
    match serve::<M>(config, *settings, policy) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn serve<M: Model>(file: Option<PathBuf>, settings: Settings, policy: MakePolicy) -> Result<(), Failure> {
    let read = file.map(|file| Settings::read(&file)).transpose();
    let (settings, unread) = match read {
        Ok(file) => (settings.or(file.unwrap_or_default()), None),
        Err(error) => (settings, Some(error)),
    };
    log::start(settings.log, settings.log_format);
    if let Some(error) = unread {
        return Err(error.into());
    }
    let var = |name: &str| std::env::var(name).ok();
    let config = Config::new(settings, &policy(&var).map_err(ConfigError::Policy)?, var)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before anything can be lost by a signal.
        let stop = stop_signal()?;
        let server = Server::start::<M>(config).await?;
        stop.await;
        server.stop().await;
        Ok(())
    })
}

fn stop_signal() -> Result<impl Future<Output = ()>, std::io::Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminated, mut interrupted) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}
