//! A client of one store: it pushes, and follows the log.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::frame::Frame;
use crate::server::Server;
use crate::socket::Socket;
use crate::text::Texts;

pub(crate) struct Client {
    socket: Socket,
    /// The last entry that it has, where it follows.
    have: usize,
    follows: bool,
}

impl Client {
    /// A socket that was greeted, and that has read up to the head.
    pub(crate) async fn open(server: &Server, store: &str, texts: &Texts) -> Result<Self> {
        let mut client = Self::greet(server, store, texts, true).await?;
        let head = client.have;
        client.have = 0;
        client.follow(head).await?;
        Ok(client)
    }

    /// One that is greeted, and gets no further than the first page of a log that has more of them: so
    /// nothing is published to it.
    pub(crate) async fn open_blind(server: &Server, store: &str, texts: &Texts) -> Result<Self> {
        let mut client = Self::greet(server, store, texts, false).await?;
        let Frame::Entries { last, head, .. } = client.frame().await? else {
            anyhow::bail!("there was no page")
        };
        ensure!(last < head, "the log is no longer than a page: the client would follow");
        Ok(client)
    }

    async fn greet(server: &Server, store: &str, texts: &Texts, follows: bool) -> Result<Self> {
        let socket = Socket::open(server.port, &format!("/stores/{store}/sync")).await?;
        let mut client = Self { socket, have: 0, follows };
        client.socket.send(texts.hello(store, &server.token, false)?).await?;
        let Frame::Welcome { head } = client.frame().await? else { anyhow::bail!("there was no welcome") };
        client.have = head;
        Ok(client)
    }

    pub(crate) const fn have(&self) -> usize {
        self.have
    }

    pub(crate) async fn send(&mut self, text: Utf8Bytes) -> Result<()> {
        self.socket.send(text).await
    }

    /// The next frame that is not presence.
    pub(crate) async fn frame(&mut self) -> Result<Frame> {
        loop {
            let frame = Frame::read(self.socket.next().await?.as_str())?;
            if frame != Frame::Presence {
                return Ok(frame);
            }
        }
    }

    /// The next frame; entries are counted, and what is missing is pulled. The number of accepted commits.
    pub(crate) async fn step(&mut self) -> Result<usize> {
        match self.frame().await? {
            Frame::Verdicts { accepted } => return Ok(accepted),
            Frame::Entries { after, last, head } if self.follows => {
                if after <= self.have {
                    self.have = self.have.max(last);
                }
                // Beyond what it has, or not up to the head: a client pulls.
                if after > self.have || (self.have < head && last < head) {
                    let pull = format!("{{\"type\":\"pull\",\"after\":{}}}", self.have);
                    self.socket.send(pull.into()).await?;
                }
            }
            Frame::Entries { .. } => {}
            Frame::Welcome { .. } | Frame::Snapshot { .. } | Frame::Presence => {
                anyhow::bail!("this frame was not to be expected")
            }
        }
        Ok(0)
    }

    /// Reads until it has an entry.
    pub(crate) async fn follow(&mut self, seq: usize) -> Result<()> {
        while self.have < seq {
            ensure!(self.step().await? == 0, "nothing was pushed, and there was a verdict");
        }
        Ok(())
    }

    /// Pushes, with so many in flight at once, of so many commits each; how long each took. All of them are
    /// accepted, or it is an error.
    pub(crate) async fn push(
        &mut self,
        texts: Vec<Utf8Bytes>,
        commits: usize,
        window: usize,
    ) -> Result<Vec<Duration>> {
        let (mut times, mut flying) = (Vec::with_capacity(texts.len()), VecDeque::with_capacity(window));
        let mut waiting = texts.into_iter();
        loop {
            while flying.len() < window
                && let Some(text) = waiting.next()
            {
                flying.push_back(Instant::now());
                self.socket.send(text).await?;
            }
            let Some(sent) = flying.front() else { return Ok(times) };
            let accepted = self.step().await?;
            if accepted > 0 {
                ensure!(accepted == commits, "{accepted} of {commits} commits have a verdict");
                times.push(sent.elapsed());
                flying.pop_front();
            }
        }
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.socket.close().await
    }

    pub(crate) async fn ping(&mut self) -> Result<()> {
        self.socket.send(Utf8Bytes::from_static("ping")).await?;
        while self.socket.next().await?.as_str() != "pong" {}
        Ok(())
    }
}

/// The head of a store, as a newcomer is told.
pub(crate) async fn head(server: &Server, store: &str) -> Result<usize> {
    let client = Client::greet(server, store, &Texts::new("judge"), false).await?;
    Ok(client.have)
}

/// A store with a channel, and the client that has made it.
pub(crate) async fn begin(server: &Server, store: &str, name: &str) -> Result<(Client, Texts)> {
    let mut texts = Texts::new(name);
    let mut client = Client::open(server, store, &texts).await?;
    let arrival = texts.arrive(true);
    client.push(vec![arrival], 1, 1).await?;
    Ok((client, texts))
}
