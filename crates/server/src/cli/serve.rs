//! `serve`: a server, until it is asked to stop.

use std::path::PathBuf;

use clap::Args;
use syncline_auth::MakePolicy;
use syncline_engine::Model;

use super::failure::Failure;
use crate::config::{Config, ConfigError, Settings};
use crate::log;
use crate::server::Server;

#[derive(Args)]
#[command(after_help = super::failure::EXIT_CODES)]
pub(crate) struct ServeArgs {
    /// A TOML file with any of the settings below, in kebab-case; flags and the environment come first
    #[arg(long, env = "SYNCLINE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Box<Settings>,
}

pub(crate) fn run<M: Model>(
    ServeArgs { config, settings }: ServeArgs,
    policy: MakePolicy,
) -> Result<(), Failure> {
    let settings = *settings;
    let read = config.map(|file| Settings::read(&file)).transpose();
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
