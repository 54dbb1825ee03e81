//! What the bot does in the chat.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use chat_model::{ChannelKind, Chat, ChatEvent};
use serde::Deserialize;
use syncline_client::engine::Query;
use syncline_client::engine::protocol::{Digest, Millis};
use syncline_client::{Begin, Error, State, Store};

pub(crate) struct Bot {
    store: Store<Chat>,
    name: String,
    channel: String,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
}

impl Bot {
    pub(crate) const fn new(store: Store<Chat>, name: String, channel: String) -> Self {
        Self { store, name, channel }
    }

    /// Joins, and answers until the store is closed. Each message is answered once: the consumer's place moves
    /// when the answer is in the outbox, and an answer that is made again has the same id, which is refused.
    pub(crate) async fn run(&self) -> Result<()> {
        self.store.status().wait_for(|status| status.state == State::Online).await?;
        self.join().await.context("the channel cannot be joined")?;
        let mut mentions = self.store.consumer("mentions", Begin::Head);
        loop {
            let delivery = match mentions.next().await {
                Err(missed @ Error::Missed { .. }) => {
                    eprintln!("{missed}; the bot goes on with what comes next");
                    mentions.begin(Begin::Head).await?;
                    continue;
                }
                delivery => delivery?,
            };
            let author = delivery.entries.first().map(|entry| &entry.author);
            if author != Some(self.store.subject()) {
                for event in delivery.events::<Chat>().unwrap_or_default() {
                    self.hear(event).await?;
                }
            }
            mentions.done(&delivery).await?;
        }
    }

    /// Opens the channel where there is none.
    async fn join(&self) -> Result<()> {
        let channel: Vec<Channel> =
            self.store.query("SELECT id FROM channels WHERE name = ?1", &[(&self.channel).into()])?;
        let me = self.store.subject().as_str();
        let (known, members) = self.store.read(|db: &dyn Query| {
            let known = db.exists("SELECT 1 FROM people WHERE id = ?1", &[me.into()])?;
            let sql = "SELECT channel FROM members WHERE person = ?1";
            let rows = db.query(sql, &[me.into()])?;
            let members = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
            Ok::<_, syncline_client::engine::SqlError>((known, members))
        })??;
        let mut events = Vec::new();
        if !known {
            events.push(ChatEvent::PersonJoined {
                name: self.name.clone(),
                avatar: Some("🤖".to_owned()),
                invite: None,
            });
        }
        match channel.into_iter().next() {
            Some(Channel { id }) if members.contains(&id) => {}
            Some(Channel { id }) => events.push(ChatEvent::ChannelJoined { channel: id }),
            None => events.push(ChatEvent::ChannelCreated {
                id: id_of(&format!("channel {}", self.channel)),
                name: self.channel.clone(),
                topic: None,
                kind: ChannelKind::Open,
                category: None,
            }),
        }
        if !events.is_empty() {
            self.store.commit(events)?.confirmed().await?;
        }
        Ok(())
    }

    async fn hear(&self, event: ChatEvent) -> Result<()> {
        let ChatEvent::MessagePosted { id, channel, text, .. } = event else { return Ok(()) };
        if !is_mentioned(&self.name, &text) {
            return Ok(());
        }
        let answer = ChatEvent::MessagePosted {
            id: id_of(&format!("{} answers {id}", self.name)),
            channel: channel.clone(),
            text: self.answer(&channel, &text)?,
            posted_at: now(),
            reply_to: Some(id),
        };
        match self.store.commit([answer]) {
            Ok(receipt) => receipt.persisted().await.context("the answer is not kept")?,
            // Answered before, deleted meanwhile, or in a channel that the bot is not in.
            Err(Error::Rejected(why)) => eprintln!("no answer: {}", why.message),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn answer(&self, channel: &str, text: &str) -> Result<String> {
        let sql = if text.contains("who") {
            "SELECT group_concat(name, ', ') FROM
                (SELECT p.name FROM people p JOIN members m ON m.person = p.id WHERE m.channel = ?1 ORDER BY 1)"
        } else if text.contains("how many") {
            "SELECT count(*) || ' messages so far.' FROM messages WHERE channel = ?1 AND NOT deleted"
        } else {
            return Ok("Ask me who is here, or how many messages there are.".to_owned());
        };
        let answer = self.store.read(|db: &dyn Query| db.value::<String>(sql, &[channel.into()]))??;
        Ok(answer.unwrap_or_default())
    }
}

/// Whether a text has the name behind an @, as a whole word.
fn is_mentioned(name: &str, text: &str) -> bool {
    text.match_indices('@').any(|(place, _)| {
        let rest = text.get(place + 1..).and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "-_".contains(c)))
    })
}

/// The same for the same thing, so that it is done once.
fn id_of(thing: &str) -> String {
    Digest::of(thing.as_bytes()).to_string().chars().take(32).collect()
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).ok().and_then(|ms| Millis::new(ms).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_whole_word_behind_an_at() {
        for text in ["@bot who?", "hello @bot", "a@bots @bot!"] {
            assert!(is_mentioned("bot", text), "{text}");
        }
        for text in ["bot", "@bots", "@bot-2", "@ bot", ""] {
            assert!(!is_mentioned("bot", text), "{text}");
        }
    }
}
