//! Who else is here.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use syncline_client::{Present, Store};

use super::model::{Notes, config};
use super::server::Server;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Here {
    reads: String,
}

fn here(reads: &str) -> Here {
    Here { reads: reads.to_owned() }
}

fn reads(present: &[Present]) -> Vec<(String, String)> {
    let one = |one: &Present| (one.subject.as_str().to_owned(), one.value::<Here>().unwrap().reads);
    present.iter().map(one).collect()
}

/// Until the others tell what is expected; not for ever.
async fn until(store: &Store<Notes>, is_so: impl FnMut(&Vec<Present>) -> bool) {
    let mut present = store.presence();
    tokio::time::timeout(Duration::from_secs(20), present.wait_for(is_so))
        .await
        .expect("it is told")
        .unwrap();
}

#[tokio::test]
async fn a_value_is_seen_by_the_others_until_it_changes_or_its_process_ends() {
    let server = Server::up().await;
    let ann = Store::<Notes>::open(config(&server, "ann")).await.unwrap();
    let bob = Store::<Notes>::open(config(&server, "bob")).await.unwrap();
    for text in ["a note", "another"] {
        ann.set_presence(&here(text)).unwrap();
        until(&bob, |present| reads(present) == [("ann".to_owned(), text.to_owned())]).await;
    }
    bob.set_presence(&here("the same")).unwrap();
    until(&ann, |present| reads(present) == [("bob".to_owned(), "the same".to_owned())]).await;
    ann.set_presence(&()).unwrap();
    until(&bob, Vec::is_empty).await;
    ann.set_presence(&here("once more")).unwrap();
    until(&bob, |present| !present.is_empty()).await;
    ann.close().await;
    until(&bob, Vec::is_empty).await;
    bob.close().await;
}

#[tokio::test]
async fn a_value_that_is_too_large_is_refused_at_once() {
    let server = Server::up().await;
    let ann = Store::<Notes>::open(config(&server, "ann")).await.unwrap();
    let refused = ann.set_presence(&here(&"x".repeat(512))).unwrap_err();
    assert_eq!(refused.code(), "presence-refused");
    ann.close().await;
}

#[tokio::test]
async fn the_last_of_many_values_arrives_though_the_server_has_refused_it_at_first() {
    let server = Server::up().await;
    let ann = Store::<Notes>::open(config(&server, "ann")).await.unwrap();
    let bob = Store::<Notes>::open(config(&server, "bob")).await.unwrap();
    bob.set_presence(&here("anything")).unwrap();
    until(&ann, |present| !present.is_empty()).await;
    // More than the server takes in a second.
    for n in 0..100 {
        ann.set_presence(&here(&n.to_string())).unwrap();
    }
    until(&bob, |present| reads(present) == [("ann".to_owned(), "99".to_owned())]).await;
    ann.close().await;
    bob.close().await;
}
