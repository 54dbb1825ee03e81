//! `load ROW --port PORT --group GROUP`: one row of `cargo xtask bench server`, against a server that runs.
//! It shares the machine with that server, so it is cheap itself: one thread, no JSON but prefixes of frames,
//! and texts that are ready before the clock starts.

mod catch_up;
mod client;
mod fan_out;
mod figure;
mod frame;
mod idle;
mod livestore;
mod machine;
mod many;
mod push;
mod server;
mod socket;
mod stores;
mod text;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use figure::Figure;
use server::Server;

#[derive(Parser)]
struct Args {
    /// What to measure
    row: Row,
    #[command(flatten)]
    server: Server,
    /// Less of everything, to see that it works
    #[arg(long)]
    quick: bool,
    /// The server is spoken to in LiveStore's protocol
    #[arg(long)]
    livestore: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Row {
    /// What the machine can do: fdatasync, and an echo over a WebSocket
    Machine,
    /// One writer, one commit of 100 events in flight
    Push100,
    /// The same, with ids in no order
    Push100Scattered,
    /// One writer, four of them in flight
    Push100Window,
    /// One writer, pushes of 100 commits
    Push100Commits,
    /// One writer, commits of one event, one after the other
    Push1,
    /// 64 writers in one store, each of whom reads what all write
    Clients64,
    /// 64 writers in one store, who do not read along
    Clients64Blind,
    /// 100 stores with a writer each
    Stores100,
    /// A log of 100,000 events, from its beginning
    CatchUp,
    /// A message at a time to one reader
    OneReader,
    /// 20 messages a second to 500 readers
    FanOut,
    /// As many as go, to 500 readers
    FanOutFull,
    /// 1,000 sockets without anything to do
    Idle1000,
    /// 500 clients of LiveStore's that follow a log in which nothing happens
    Idle500,
    /// 10,000 stores, 100 of them in use
    Stores10000,
}

fn main() -> Result<()> {
    let Args { row, server, quick, livestore } = Args::parse();
    raise_file_limit()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let scale = Scale { quick };
    let figures: Vec<Figure> = runtime.block_on(local.run_until(async {
        match row {
            row if livestore => livestore::measure(row, &server, scale).await,
            Row::Machine => machine::measure(scale).await,
            Row::Push100 => push::measure(&server, scale, &push::HUNDRED).await,
            Row::Push100Scattered => push::measure(&server, scale, &push::HUNDRED_SCATTERED).await,
            Row::Push100Window => push::measure(&server, scale, &push::HUNDRED_WINDOW).await,
            Row::Push100Commits => push::measure(&server, scale, &push::HUNDRED_COMMITS).await,
            Row::Push1 => push::measure(&server, scale, &push::ONE).await,
            Row::Clients64 => many::clients(&server, scale, true).await,
            Row::Clients64Blind => many::clients(&server, scale, false).await,
            Row::Stores100 => many::stores(&server, scale).await,
            Row::CatchUp => catch_up::measure(&server, scale).await,
            Row::OneReader => fan_out::one(&server, scale).await,
            Row::FanOut => fan_out::steady(&server, scale).await,
            Row::FanOutFull => fan_out::full(&server, scale).await,
            Row::Idle1000 => idle::measure(&server, scale).await,
            Row::Idle500 => bail!("this is measured with LiveStore's clients"),
            Row::Stores10000 => stores::measure(&server, scale).await,
        }
    }))?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

/// How much is done.
#[derive(Clone, Copy)]
struct Scale {
    quick: bool,
}

impl Scale {
    /// As many as that, or a tenth where it is to be quick.
    fn of(self, whole: usize) -> usize {
        if self.quick { whole.div_ceil(10) } else { whole }
    }
}

/// A socket is a file, and there are thousands.
fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}
