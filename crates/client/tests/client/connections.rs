//! Offline, online, cut off, refused.

use syncline_client::State;
use syncline_client::engine::protocol::Code;

use super::model::{Event, code, label, note, online, open, reaches, soon, titles};
use super::server::Server;

#[tokio::test]
async fn a_commit_made_offline_is_confirmed_once_the_server_is_there() {
    let mut server = Server::down().await;
    let ann = open(&server, "ann").await;
    let receipt = ann.commit([note("first")]).unwrap();
    assert_eq!(titles(&ann), ["first"]);
    let status = reaches(&ann, |status| status.state == State::Offline && status.pending == 1).await;
    assert_eq!(status.reason, Some(Code::ServerUnreachable));

    server.start().await;
    let place = soon(receipt.confirmed()).await.unwrap();
    assert_eq!((place.first.get(), place.last.get()), (1, 1));
    soon(receipt.persisted()).await.unwrap();
    soon(ann.settled()).await.unwrap();
    let status = reaches(&ann, |status| status.state == State::Online && status.pending == 0).await;
    assert_eq!((status.head.get(), status.cursor.get()), (1, 1));
    assert_eq!(server.logged(), ["first"]);
}

#[tokio::test]
async fn a_server_that_dies_before_it_answers_logs_a_commit_once() {
    let mut server = Server::up().await;
    let ann = open(&server, "ann").await;
    online(&ann).await;
    server.die_in_the_next_push();
    let receipt = ann.commit([note("once"), label("x")]).unwrap();
    reaches(&ann, |status| status.state != State::Online).await;
    server.die().await;
    assert_eq!(server.logged(), ["once"]);

    server.start().await;
    let place = soon(receipt.confirmed()).await.unwrap();
    assert_eq!((place.first.get(), place.last.get()), (1, 2));
    let next = ann.commit([note("then")]).unwrap();
    assert_eq!(soon(next.confirmed()).await.unwrap().first.get(), 3);
    assert_eq!(server.logged(), ["once", "then"]);
}

#[tokio::test]
async fn what_the_rules_refuse_here_has_not_happened() {
    let server = Server::down().await;
    let ann = open(&server, "ann").await;
    assert_eq!(code(ann.commit([note("kept out"), note("")])), "no-title");
    assert_eq!(code(ann.commit([])), "empty-commit");
    ann.commit([note("a")]).unwrap();
    assert_eq!(code(ann.commit([note("a")])), "constraint-unique");
    assert_eq!(titles(&ann), ["a"]);
}

#[tokio::test]
async fn a_verdict_reaches_the_receipt_and_stays_until_it_is_dismissed() {
    let mut server = Server::down().await;
    let (ann, bob) = (open(&server, "ann").await, open(&server, "bob").await);
    let receipts = [ann.commit([note("same")]).unwrap(), bob.commit([note("same")]).unwrap()];
    server.start().await;
    let mut refused = 0;
    for (store, receipt) in [&ann, &bob].into_iter().zip(receipts) {
        if let Err(error) = soon(receipt.confirmed()).await {
            refused += 1;
            assert_eq!(error.code(), "constraint-unique");
            assert_eq!(code(receipt.persisted().await), "constraint-unique");
            let rejected = store.rejected().unwrap();
            assert_eq!(rejected[0].events[0].name, "noteMade");
            store.dismiss(rejected[0].counter).unwrap();
            assert!(store.rejected().unwrap().is_empty());
        }
    }
    assert_eq!(refused, 1);
    assert_eq!(server.logged(), ["same"]);
}

#[tokio::test]
async fn two_clients_see_each_other() {
    let server = Server::up().await;
    let (ann, bob) = (open(&server, "ann").await, open(&server, "bob").await);
    online(&ann).await;
    online(&bob).await;
    ann.commit([note("of ann"), label("x"), Event::LabelsCleared]).unwrap();
    bob.commit([note("of bob")]).unwrap();
    for store in [&ann, &bob] {
        reaches(store, |status| status.cursor.get() == 4 && status.pending == 0).await;
        assert_eq!(titles(store), ["of ann", "of bob"]);
    }
}

#[tokio::test]
async fn a_wrong_token_stops_it_until_somebody_signs_in() {
    let server = Server::up().await;
    server.forbid("secret");
    let ann = open(&server, "ann").await;
    let receipt = ann.commit([note("waits")]).unwrap();
    let status = reaches(&ann, |status| status.state == State::NeedsAuth).await;
    assert_eq!(status.reason, Some(Code::Unauthorized));

    server.allow("fresh", None);
    ann.sign_in("fresh");
    soon(receipt.confirmed()).await.unwrap();
    online(&ann).await;
}

#[tokio::test]
async fn a_token_that_expires_on_a_live_socket_is_renewed_there() {
    let server = Server::up().await;
    server.allow("secret", Some(10_000));
    let ann = open(&server, "ann").await;
    online(&ann).await;
    server.pass(20_000);
    let receipt = ann.commit([note("waits")]).unwrap();
    let status = reaches(&ann, |status| status.state == State::NeedsAuth).await;
    assert_eq!((status.reason, status.pending), (Some(Code::NeedsAuth), 1));

    server.allow("fresh", None);
    ann.sign_in("fresh");
    soon(receipt.confirmed()).await.unwrap();
    online(&ann).await;
}

#[tokio::test]
async fn a_log_that_was_reset_reports_what_others_have_lost() {
    let mut server = Server::up().await;
    let ann = open(&server, "ann").await;
    soon(ann.commit([note("gone")]).unwrap().confirmed()).await.unwrap();
    server.die().await;
    server.reset();
    server.start().await;
    reaches(&ann, |status| status.lost == 1 && status.state == State::Online).await;
    let lost = ann.lost().await.unwrap();
    assert_eq!(lost[0].events[0].args.get(), r#"{"title":"gone"}"#);
    assert!(titles(&ann).is_empty());
    ann.dismiss_lost(lost[0].id).await.unwrap();
    reaches(&ann, |status| status.lost == 0).await;
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let server = Server::down().await;
    let ann = open(&server, "ann").await;
    let other = ann.clone();
    let receipt = ann.commit([note("a")]).unwrap();
    ann.close().await;
    assert_eq!(code(receipt.confirmed().await), "store-closed");
    assert_eq!(code(other.commit([note("b")])), "store-closed");
    assert_eq!(code(other.lost().await), "store-closed");
}
