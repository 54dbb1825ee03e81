//! A bot in the chat: joins a channel, and answers whoever mentions it, once.

mod bot;

use std::path::PathBuf;

use anyhow::{Context, Result};
use bot::Bot;
use chat_model::Chat;
use clap::Parser;
use syncline_client::engine::protocol::{StoreId, Subject};
use syncline_client::{Config, Store};

/// Joins a channel of the chat as a bot, and answers messages that mention it.
#[derive(Parser)]
struct Arguments {
    /// The server.
    #[arg(long, default_value = "http://localhost:8787")]
    url: String,
    /// The store: which chat.
    #[arg(long, default_value = "team-1")]
    store: String,
    /// What the bot is called, and mentioned by: @name.
    #[arg(long, default_value = "bot")]
    name: String,
    /// The channel that it joins; opened where there is none.
    #[arg(long, default_value = "general")]
    channel: String,
    /// The token that the server lets it in with.
    #[arg(long, env = "SYNCLINE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Where it keeps its log and outbox, and which messages it has answered. Without, it starts anew each time.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (store, subject) = (StoreId::parse(arguments.store)?, Subject::parse(&arguments.name)?);
    let mut config = Config::new(arguments.url, store, subject);
    if let Some(token) = arguments.token {
        config = config.token(token);
    }
    if let Some(folder) = arguments.folder {
        config = config.folder(folder);
    }
    let store = Store::<Chat>::open(config).await.context("the store does not open")?;
    let bot = Bot::new(store.clone(), arguments.name, arguments.channel);
    let done = tokio::select! {
        done = bot.run() => done,
        done = tell_status(&store) => done,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("no signals here"),
    };
    store.close().await;
    done
}

/// Says whenever the connection is another.
async fn tell_status(store: &Store<Chat>) -> Result<()> {
    let mut status = store.status();
    let mut told = None;
    loop {
        let (state, reason) = {
            let now = status.borrow_and_update();
            (now.state, now.reason)
        };
        if told.replace((state, reason)) != Some((state, reason)) {
            let reason = reason.map(|code| format!(" ({code})")).unwrap_or_default();
            eprintln!("{state:?}{reason}");
        }
        status.changed().await?;
    }
}
