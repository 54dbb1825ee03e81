//! What the machine can do, for comparison with what a server does.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::Scale;
use crate::figure::{Figure, quantile};
use crate::socket::Socket;

const BLOCK: [u8; 4_096] = [7; 4_096];
const BLOCKS: usize = 1_024;

pub(crate) async fn measure(scale: Scale) -> Result<Vec<Figure>> {
    let (flushed, echoed) = (flush(scale.of(2_000))?, echo(scale.of(5_000)).await?);
    Ok(vec![flushed, echoed])
}

/// 4 KB to a file that has its blocks, and `fdatasync`. It is where this runs: on the disk of the servers.
fn flush(count: usize) -> Result<Figure> {
    let file: File = tempfile::tempfile_in(".")?;
    for block in 0..BLOCKS {
        file.write_all_at(&BLOCK, offset(block))?;
    }
    file.sync_all()?;
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        let began = Instant::now();
        file.write_all_at(&BLOCK, offset(number % BLOCKS))?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    Ok(Figure::millis("fdatasync", quantile(&mut times, 50)))
}

fn offset(block: usize) -> u64 {
    u64::try_from(block * BLOCK.len()).unwrap_or_default()
}

/// A text of 200 bytes there and back, between two threads, by the library of the native server.
async fn echo(count: usize) -> Result<Figure> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (stream, _) = TcpListener::from_std(listener)?.accept().await?;
            stream.set_nodelay(true)?;
            let mut socket = tokio_tungstenite::accept_async(stream).await?;
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() {
                    socket.send(message).await?;
                }
            }
            anyhow::Ok(())
        })
    });
    let mut socket = Socket::open(port, "/").await?;
    let text = Utf8Bytes::from("x".repeat(200));
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        socket.send(text.clone()).await?;
        socket.next().await?;
        times.push(began.elapsed());
    }
    socket.close().await?;
    server.join().ok().context("the echo has ended")??;
    Ok(Figure::millis("echo", quantile(&mut times, 50)))
}
