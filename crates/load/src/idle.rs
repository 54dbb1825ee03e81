//! Sockets that have nothing to do.

use anyhow::{Result, ensure};

use crate::Scale;
use crate::client::{Client, begin};
use crate::figure::{Figure, as_f64};
use crate::server::Server;
use crate::text::Texts;

const SOCKETS: usize = 1_000;

/// They are idle; then each of them is answered, and gets what is published.
pub(crate) async fn measure(server: &Server, scale: Scale) -> Result<Vec<Figure>> {
    let (mut writer, mut texts) = begin(server, "idle-1000", "ann").await?;
    let base = server.resident()?;
    let mut sockets = Vec::new();
    for number in 0..scale.of(SOCKETS) {
        sockets.push(Client::open(server, "idle-1000", &Texts::new(&format!("r{number}"))).await?);
    }
    let above = server.resident()?.saturating_sub(base);
    for socket in &mut sockets {
        socket.ping().await?;
    }
    let message = texts.messages(1, 1);
    writer.push(vec![message], 1, 1).await?;
    for socket in &mut sockets {
        socket.follow(3).await?;
        ensure!(socket.have() == 3, "the log has three entries");
    }
    let bytes = as_f64(usize::try_from(above)?);
    Ok(vec![
        Figure::new("rss", bytes / 1_000_000.0, "MB above base"),
        Figure::new("each", bytes / as_f64(sockets.len()) / 1_000.0, "KB each"),
        Figure::new("answered", as_f64(sockets.len()), "answered"),
    ])
}
