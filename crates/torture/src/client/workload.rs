//! What the person at a client does: talks, and gets in the way of others.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use syncline_engine::Query;
use syncline_engine::protocol::{Args, RawEvent};

use super::device::Device;
use super::{Assignment, now};
use crate::Dice;
use crate::receipt::naming_text;

/// Names that all want, so that most who want one at the same time are refused by the server.
const NAMES: [&str; 6] = ["general", "random", "help", "ideas", "lunch", "ops"];
const EMOJI: [&str; 3] = ["👍", "🎉", "❤️"];

pub(super) struct Workload {
    dice: Dice,
    subject: String,
    life: u64,
    made: u64,
    next_at: Instant,
}

impl Workload {
    pub(super) fn new(dice: Dice, assignment: &Assignment) -> Self {
        let subject = assignment.subject.to_string();
        Self { dice, subject, life: assignment.life, made: 0, next_at: Instant::now() }
    }

    /// Does the next thing, if it is time.
    pub(super) fn turn(&mut self, device: &mut Device) -> Result<()> {
        if Instant::now() < self.next_at {
            return Ok(());
        }
        self.next_at = Instant::now() + Duration::from_millis(self.dice.between(20, 350));
        match self.dice.below(40) {
            0 => device.hand_over_again()?,
            1 => device.dismiss_all()?,
            2 => device.reload()?,
            3 => {
                for _ in 0..self.dice.between(5, 40) {
                    self.commit(device)?;
                }
            }
            _ => self.commit(device)?,
        }
        // Sometimes the process is killed between a commit and its hand-over.
        if self.dice.one_in(8) { Ok(()) } else { device.hand_over() }
    }

    fn commit(&mut self, device: &mut Device) -> Result<()> {
        self.made += 1;
        let tag = format!("{}-{}-{}", self.subject, self.life, self.made);
        let events = self.events(&tag, device.state())?;
        device.commit(&tag, events).map(drop)
    }

    /// The events of one commit: one of them, and only one, carries its name.
    fn events(&mut self, tag: &str, state: &dyn Query) -> Result<Vec<RawEvent>> {
        let me = self.subject.clone();
        let known: Option<i64> = state.value("SELECT 1 FROM people WHERE id = ?1", &[(&me).into()])?;
        if known.is_none() {
            let name =
                if self.dice.one_in(2) { self.dice.pick(&NAMES).map_or(tag, |name| name) } else { tag };
            return Ok(vec![event("personJoined", &json!({ "name": me }))?, channel(tag, name)?]);
        }
        let mine = "SELECT channel FROM members WHERE person = ?1 ORDER BY channel LIMIT 20";
        let mine = texts(state, mine, &me)?;
        let Some(home) = self.dice.pick(&mine).cloned() else {
            let all = texts(state, "SELECT id FROM channels WHERE ?1 <> '' ORDER BY id LIMIT 20", &me)?;
            return match self.dice.pick(&all) {
                Some(id) => Ok(vec![event("channelJoined", &json!({ "channel": id }))?, post(tag, id, tag)?]),
                None => Ok(vec![channel(tag, self.dice.pick(&NAMES).unwrap_or(&"general"))?]),
            };
        };
        Ok(match self.dice.below(20) {
            // Everybody wants the same names and ids at the same time: only the server can tell who was first.
            0..2 => vec![channel(tag, &format!("window-{}", now().get() / 3_000))?],
            // Into a channel that the author may have left, or never been in.
            2 => {
                let all = texts(state, "SELECT id FROM channels WHERE ?1 <> '' ORDER BY id LIMIT 20", &me)?;
                vec![post(tag, self.dice.pick(&all).unwrap_or(&home), tag)?]
            }
            3 => vec![event("channelLeft", &json!({ "channel": home }))?, self.elsewhere(tag, &mine, &home)?],
            // The same reaction by several people is right, by the same person twice is not.
            4..7 => vec![self.reaction(state, &me)?, post(tag, &home, tag)?],
            7..9 => vec![post(&format!("shared-{}", now().get() / 800), &home, tag)?],
            9 => vec![event("personJoined", &json!({ "name": self.name() }))?, post(tag, &home, tag)?],
            10..12 => self.edit(state, tag, &home, &me)?,
            12 => self.many(tag, &home)?,
            _ => vec![post(tag, &home, tag)?],
        })
    }

    fn elsewhere(&mut self, tag: &str, mine: &[String], home: &str) -> Result<RawEvent> {
        let others: Vec<&String> = mine.iter().filter(|channel| *channel != home).collect();
        post(tag, self.dice.pick(&others).map_or(home, |channel| channel.as_str()), tag)
    }

    fn reaction(&mut self, state: &dyn Query, me: &str) -> Result<RawEvent> {
        let recent = "SELECT id FROM messages WHERE ?1 <> '' AND deleted = 0 ORDER BY posted_at DESC LIMIT 5";
        let recent = texts(state, recent, me)?;
        let message = self.dice.pick(&recent).map_or("none", String::as_str);
        let args = json!({ "message": message, "emoji": self.dice.pick(&EMOJI) });
        event(if self.dice.one_in(3) { "reactionRemoved" } else { "reactionAdded" }, &args)
    }

    fn edit(&mut self, state: &dyn Query, tag: &str, home: &str, me: &str) -> Result<Vec<RawEvent>> {
        let own = "SELECT id FROM messages WHERE author = ?1 AND deleted = 0 ORDER BY posted_at DESC LIMIT 8";
        let own = texts(state, own, me)?;
        let Some(id) = self.dice.pick(&own) else { return Ok(vec![post(tag, home, tag)?]) };
        if self.dice.one_in(3) {
            return Ok(vec![event("messageDeleted", &json!({ "id": id }))?, post(tag, home, tag)?]);
        }
        Ok(vec![event("messageEdited", &json!({ "id": id, "text": naming_text(tag) }))?])
    }

    fn many(&mut self, tag: &str, home: &str) -> Result<Vec<RawEvent>> {
        let mut events = vec![post(tag, home, tag)?];
        for n in 0..self.dice.between(5, 60) {
            let text = "and more. ".repeat(usize::try_from(self.dice.between(1, 40)).unwrap_or(1));
            let args =
                json!({ "id": format!("{tag}.{n}"), "channel": home, "text": text, "postedAt": now() });
            events.push(event("messagePosted", &args)?);
        }
        Ok(events)
    }

    fn name(&mut self) -> String {
        if self.dice.one_in(2) { self.subject.clone() } else { format!("somebody {}", self.dice.below(12)) }
    }
}

fn post(id: &str, channel: &str, tag: &str) -> Result<RawEvent> {
    let args = json!({ "id": id, "channel": channel, "text": naming_text(tag), "postedAt": now() });
    event("messagePosted", &args)
}

fn channel(tag: &str, name: &str) -> Result<RawEvent> {
    event("channelCreated", &json!({ "id": tag, "name": name, "topic": naming_text(tag) }))
}

fn event(name: &str, args: &Value) -> Result<RawEvent> {
    Ok(RawEvent { name: name.to_owned(), args: Args::parse(args.to_string())? })
}

fn texts(state: &dyn Query, sql: &str, me: &str) -> Result<Vec<String>> {
    Ok(state.query(sql, &[me.into()])?.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}
