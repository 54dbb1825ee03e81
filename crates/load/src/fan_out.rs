//! One writer, and readers of what it writes.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::Scale;
use crate::client::{Client, begin, head};
use crate::figure::{Figure, median, per_second, quantile};
use crate::push::ROUNDS;
use crate::server::Server;
use crate::text::Texts;

const READERS: usize = 500;

/// Between two messages of a writer that is not in a hurry.
const PAUSE: Duration = Duration::from_millis(50);

/// In flight at once when it is.
const WINDOW: usize = 32;

/// Who has what.
struct Tally {
    readers: usize,
    first: usize,
    /// For each seq from `first` on: how many have it, and when the last of them got it.
    seqs: RefCell<Vec<(usize, Option<Instant>)>>,
    all: Notify,
}

impl Tally {
    /// One more reader has these.
    fn got(&self, after: usize, last: usize) {
        let now = Instant::now();
        let mut seqs = self.seqs.borrow_mut();
        for seq in after + 1..=last {
            if let Some((count, when)) = seq.checked_sub(self.first).and_then(|at| seqs.get_mut(at)) {
                *count += 1;
                if *count == self.readers {
                    *when = Some(now);
                    self.all.notify_one();
                }
            }
        }
    }

    fn when(&self, seq: usize) -> Option<Instant> {
        self.seqs.borrow().get(seq.checked_sub(self.first)?)?.1
    }
}

struct World {
    writer: Client,
    texts: Texts,
    tally: Rc<Tally>,
    tasks: JoinSet<Result<()>>,
}

/// A store with so many readers, who will read so many messages.
async fn world(server: &Server, store: &str, readers: usize, messages: usize) -> Result<World> {
    let (mut writer, mut texts) = begin(server, store, "ann").await?;
    // Its writer is warm before anybody reads.
    let warm = (0..20).map(|_| texts.messages(1, 1)).collect();
    writer.push(warm, 1, 1).await?;
    let begun = head(server, store).await?;
    let seqs = RefCell::new(vec![(0, None); messages]);
    let tally = Rc::new(Tally { readers, first: begun + 1, seqs, all: Notify::new() });
    let mut tasks = JoinSet::new();
    for number in 0..readers {
        let mut reader = Client::open(server, store, &Texts::new(&format!("r{number}"))).await?;
        ensure!(reader.have() == begun, "a reader begins at {}, and not {begun}", reader.have());
        let tally = Rc::clone(&tally);
        tasks.spawn_local(async move {
            while reader.have() < begun + messages {
                let before = reader.have();
                reader.step().await?;
                tally.got(before, reader.have());
            }
            Ok(())
        });
    }
    Ok(World { writer, texts, tally, tasks })
}

impl World {
    /// Pushes one message; how long it took until all readers had it.
    async fn tell(&mut self, number: usize) -> Result<Duration> {
        let text = self.texts.messages(1, 1);
        let began = Instant::now();
        self.writer.send(text).await?;
        let seq = self.tally.first + number;
        let (tally, writer) = (Rc::clone(&self.tally), &mut self.writer);
        let mut accepted = 0;
        loop {
            if let Some(when) = tally.when(seq)
                && accepted == 1
            {
                return Ok(when.duration_since(began));
            }
            tokio::select! {
                () = tally.all.notified() => {}
                step = writer.step(), if accepted == 0 => accepted += step?,
                ended = self.tasks.join_next(), if number + 1 < tally.seqs.borrow().len() => {
                    ended.context("there are no readers")???;
                }
            }
        }
    }

    /// All readers have read all, and the log has nothing else.
    async fn end(mut self, server: &Server, store: &str) -> Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        let (head, messages) = (head(server, store).await?, self.tally.seqs.borrow().len());
        ensure!(head + 1 == self.tally.first + messages, "the head is {head} after {messages} messages");
        Ok(())
    }
}

/// One reader; each message once the one before has come.
pub(crate) async fn one(server: &Server, scale: Scale) -> Result<Vec<Figure>> {
    let (messages, warm) = (scale.of(2_000), scale.of(200));
    let mut world = world(server, "one-reader", 1, messages + warm).await?;
    let mut times = Vec::with_capacity(messages);
    let mut before = server.cpu()?;
    for number in 0..messages + warm {
        if number == warm {
            before = server.cpu()?;
        }
        let took = world.tell(number).await?;
        if number >= warm {
            times.push(took);
        }
    }
    let used = server.cpu()?.saturating_sub(before);
    world.end(server, "one-reader").await?;
    Ok(vec![
        Figure::millis("p50", quantile(&mut times, 50)),
        Figure::millis("p99", quantile(&mut times, 99)),
        Figure::cpu(used, messages, "µs an event"),
    ])
}

/// 20 messages a second.
pub(crate) async fn steady(server: &Server, scale: Scale) -> Result<Vec<Figure>> {
    let (messages, warm) = (scale.of(300), scale.of(40));
    let mut world = world(server, "fan-out", READERS, messages + warm).await?;
    let (mut times, mut before) = (Vec::with_capacity(messages), server.cpu()?);
    let mut clock = tokio::time::interval(PAUSE);
    for number in 0..messages + warm {
        if number == warm {
            before = server.cpu()?;
        }
        clock.tick().await;
        let took = world.tell(number).await?;
        if number >= warm {
            times.push(took);
        }
    }
    let used = server.cpu()?.saturating_sub(before);
    world.end(server, "fan-out").await?;
    Ok(vec![
        Figure::millis("p50", quantile(&mut times, 50)),
        Figure::millis("p99", quantile(&mut times, 99)),
        Figure::cpu(used, messages, "µs an event"),
    ])
}

/// As many as go.
pub(crate) async fn full(server: &Server, scale: Scale) -> Result<Vec<Figure>> {
    let round = scale.of(2_000);
    let mut world = world(server, "fan-out-full", READERS, (ROUNDS + 1) * round).await?;
    let (mut rates, mut used) = (Vec::new(), Duration::ZERO);
    for number in 0..=ROUNDS {
        let texts = (0..round).map(|_| world.texts.messages(1, 1)).collect();
        let last = world.tally.first + (number + 1) * round - 1;
        let (before, began) = (server.cpu()?, Instant::now());
        world.writer.push(texts, 1, WINDOW).await?;
        while world.tally.when(last).is_none() {
            world.tally.all.notified().await;
        }
        if number > 0 {
            rates.push(per_second(round * READERS, began.elapsed()));
            used += server.cpu()?.saturating_sub(before);
        }
    }
    world.end(server, "fan-out-full").await?;
    Ok(vec![
        Figure::new("rate", median(&mut rates), "deliveries/s"),
        Figure::cpu(used, ROUNDS * round, "µs an event"),
    ])
}
