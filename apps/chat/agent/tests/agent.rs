//! The bot as a process, the native server in this one, and Ann, who asks.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chat_model::{Chat, ChatEvent};
use serde::Deserialize;
use syncline_client::engine::protocol::{Millis, StoreId, Subject};
use syncline_client::{Config, Store};
use syncline_server::{Policy, Server, Settings};

#[derive(Debug, Deserialize)]
struct Answer {
    text: String,
}

async fn server(data: &Path) -> Server {
    let settings = Settings {
        listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        data: Some(data.to_owned()),
        token: Some("secret".to_owned()),
        shards: Some(1),
        journal_mib: Some(1),
        drain_seconds: Some(1),
        ..Settings::default()
    };
    let config = syncline_server::Config::new(settings, &Policy::default(), |_| None).unwrap();
    Server::start::<Chat>(config).await.unwrap()
}

/// Ended with the test, however that ends.
struct Bot(Child);

impl Bot {
    fn start(url: &str, folder: &Path) -> Self {
        let mut bot = Command::new(env!("CARGO_BIN_EXE_chat-agent"));
        bot.args(["--url", url, "--name", "bot", "--folder"]).arg(folder);
        Self(bot.env("SYNCLINE_TOKEN", "secret").stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until a query has so many rows.
async fn rows<T: serde::de::DeserializeOwned>(store: &Store<Chat>, sql: &str, count: usize) -> Vec<T> {
    let mut found = store.subscribe::<T>(sql, &[]).unwrap();
    let wait = async {
        loop {
            let rows = found.next().await.unwrap().unwrap();
            if rows.len() >= count {
                return rows;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it comes soon")
}

fn ask(store: &Store<Chat>, id: &str, channel: &str, text: &str) {
    let (id, channel, text) = (id.to_owned(), channel.to_owned(), text.to_owned());
    let posted_at = Millis::default();
    store.commit([ChatEvent::MessagePosted { id, channel, text, posted_at, reply_to: None }]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_joins_and_answers_each_mention_once_also_those_made_while_it_was_away() {
    #[derive(Deserialize)]
    struct Channel {
        id: String,
    }

    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = server(data.path()).await;
    let url = format!("http://{}", server.address());
    let bot = Bot::start(&url, folder.path());

    let (store, ann) = (StoreId::parse("team-1").unwrap(), Subject::parse("ann").unwrap());
    let ann = Store::<Chat>::open(Config::new(&url, store, ann).token("secret")).await.unwrap();
    let channels: Vec<Channel> = rows(&ann, "SELECT id FROM channels WHERE name = 'general'", 1).await;
    let general = channels.first().unwrap().id.clone();
    let joined = ChatEvent::PersonJoined { name: "Ann".to_owned(), avatar: None, invite: None };
    ann.commit([joined, ChatEvent::ChannelJoined { channel: general.clone() }]).unwrap();
    // Nobody answers what is said before the bot has its place.
    let answers = "SELECT text FROM messages WHERE author = 'bot' ORDER BY reply_to";
    for n in 0.. {
        ask(&ann, &format!("a{n}"), &general, "@bot who is here?");
        let first = tokio::time::timeout(Duration::from_millis(500), rows::<Answer>(&ann, answers, 1)).await;
        if first.is_ok() {
            break;
        }
    }
    let first: Vec<Answer> = rows(&ann, answers, 1).await;
    assert_eq!(first.first().unwrap().text, "Ann, bot");
    ask(&ann, "b", &general, "nothing for the @bots");
    drop(bot);

    ask(&ann, "c", &general, "@bot how many?");
    ann.settled().await.unwrap();
    let answered = "SELECT text FROM messages WHERE author = 'bot' AND reply_to >= 'c' ORDER BY reply_to";
    let _bot = Bot::start(&url, folder.path());
    let second: Vec<Answer> = rows(&ann, answered, 1).await;
    assert!(second.first().unwrap().text.ends_with("messages so far."));
    ask(&ann, "d", &general, "@bot?");
    let all: Vec<Answer> = rows(&ann, answered, 2).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all.last().unwrap().text, "Ask me who is here, or how many messages there are.");
    ann.close().await;
    server.stop().await;
}
