//! Side effects, once.

use futures_util::FutureExt;
use syncline_client::{Begin, Consumer, Error, Store};

use super::model::{Event, Notes, code, config, label, note, online, open, open_in, reaches, soon};
use super::server::Server;

async fn next(consumer: &mut Consumer<Notes>) -> Vec<Event> {
    soon(consumer.next()).await.unwrap().events::<Notes>().unwrap()
}

async fn take(consumer: &mut Consumer<Notes>) -> Vec<Event> {
    let delivery = soon(consumer.next()).await.unwrap();
    consumer.done(&delivery).await.unwrap();
    delivery.events::<Notes>().unwrap()
}

#[tokio::test]
async fn a_consumer_is_given_whole_commits_in_order_each_until_it_is_done() {
    let server = Server::up().await;
    let ann = open(&server, "ann").await;
    ann.commit([note("a"), label("x")]).unwrap();
    soon(ann.commit([note("b")]).unwrap().confirmed()).await.unwrap();

    let mut mailer = ann.consumer("mailer", Begin::Start);
    assert_eq!(next(&mut mailer).await, [note("a"), label("x")]);
    assert_eq!(take(&mut mailer).await, [note("a"), label("x")]);
    assert_eq!(take(&mut mailer).await, [note("b")]);
    assert!(mailer.next().now_or_never().is_none());
    ann.commit([Event::LabelsCleared]).unwrap();
    let delivery = soon(mailer.next()).await.unwrap();
    assert_eq!(delivery.entries[0].author.as_str(), "ann");
    assert_eq!(delivery.entries[0].seq.get(), 4);
    assert_eq!(delivery.events::<Notes>().unwrap(), [Event::LabelsCleared]);

    // Another of the same name, in the same process, is at the same place; one of another name is not.
    assert_eq!(next(&mut ann.consumer("mailer", Begin::Start)).await, [Event::LabelsCleared]);
    assert_eq!(next(&mut ann.consumer("other", Begin::Start)).await, [note("a"), label("x")]);
}

#[tokio::test]
async fn a_consumer_goes_on_after_a_restart_where_it_was_done() {
    let server = Server::up().await;
    let folder = tempfile::tempdir().unwrap();
    let ann = open_in(&server, "ann", folder.path()).await;
    online(&ann).await;
    let mut mailer = ann.consumer("mailer", Begin::Head);
    assert!(mailer.next().now_or_never().is_none());
    ann.commit([label("before")]).unwrap();
    for title in ["a", "b"] {
        soon(ann.commit([note(title)]).unwrap().confirmed()).await.unwrap();
    }
    while take(&mut mailer).await != [note("a")] {}
    // It is begun, but not done.
    assert_eq!(next(&mut mailer).await, [note("b")]);
    drop(mailer);
    ann.close().await;

    let bob = open(&server, "bob").await;
    soon(bob.commit([note("meanwhile")]).unwrap().confirmed()).await.unwrap();
    let ann = open_in(&server, "ann", folder.path()).await;
    let mut mailer = ann.consumer("mailer", Begin::Head);
    assert_eq!(take(&mut mailer).await, [note("b")]);
    assert_eq!(take(&mut mailer).await, [note("meanwhile")]);
}

#[tokio::test]
async fn a_consumer_that_begins_at_the_head_is_not_given_what_was_before() {
    let server = Server::up().await;
    let bob = open(&server, "bob").await;
    soon(bob.commit([note("old")]).unwrap().confirmed()).await.unwrap();
    let ann = open(&server, "ann").await;
    online(&ann).await;
    let mut mailer = ann.consumer("mailer", Begin::Head);
    let mut waiting = Box::pin(mailer.next());
    assert!(waiting.as_mut().now_or_never().is_none());
    // The leader answers in order: the consumer has its place once this is answered.
    ann.lost().await.unwrap();
    bob.commit([note("new")]).unwrap();
    let delivery = soon(waiting).await.unwrap();
    assert_eq!(delivery.events::<Notes>().unwrap(), [note("new")]);
}

#[tokio::test]
async fn a_consumer_of_a_log_that_was_reset_is_told_and_given_nothing_twice() {
    let mut server = Server::up().await;
    let ann = open(&server, "ann").await;
    soon(ann.commit([note("a")]).unwrap().confirmed()).await.unwrap();
    let mut mailer = ann.consumer("mailer", Begin::Start);
    assert_eq!(take(&mut mailer).await, [note("a")]);

    server.die().await;
    server.reset();
    server.start().await;
    let error = soon(mailer.next()).await.err().unwrap();
    assert_eq!(error.code(), "entries-missed");
    let Error::Missed { at, first } = error else { panic!("{error}") };
    assert_eq!((at.incarnation.as_str(), at.seq.get(), first.get()), ("first", 1, 1));
    assert_eq!(code(soon(mailer.next()).await), "entries-missed");

    reaches(&ann, |status| status.lost == 1).await;
    assert!(mailer.begin(Begin::Start).await.unwrap());
    ann.commit([note("b")]).unwrap();
    assert_eq!(take(&mut mailer).await, [note("b")]);
}

/// More than a client would read where there is a snapshot.
async fn fill(server: &Server, pages: usize) {
    let bob = open(server, "bob").await;
    for page in 0..pages {
        bob.commit((0..100).map(|n| note(&format!("{page}-{n}")))).unwrap();
    }
    soon(bob.settled()).await.unwrap();
    server.make_snapshot();
}

#[tokio::test]
async fn a_consumer_that_begins_at_the_start_needs_the_whole_log() {
    let server = Server::up().await;
    fill(&server, 12).await;
    let ann = open(&server, "ann").await;
    online(&ann).await;
    let error = soon(ann.consumer("mailer", Begin::Start).next()).await.err().unwrap();
    let Error::Missed { at, first } = error else { panic!("{error}") };
    assert_eq!((at.seq.get(), first.get()), (0, 1_201));

    let whole: Store<Notes> = Store::open(config(&server, "carl").whole_log()).await.unwrap();
    let mut mailer = whole.consumer("mailer", Begin::Start);
    for page in 0..12 {
        let events = take(&mut mailer).await;
        assert_eq!((events.len(), &events[0]), (100, &note(&format!("{page}-0"))));
    }
}

#[tokio::test]
async fn a_client_with_a_consumer_takes_no_snapshot_over_what_that_has_not_seen() {
    let server = Server::up().await;
    let folder = tempfile::tempdir().unwrap();
    let ann = open_in(&server, "ann", folder.path()).await;
    soon(ann.commit([note("first")]).unwrap().confirmed()).await.unwrap();
    assert_eq!(take(&mut ann.consumer("mailer", Begin::Start)).await, [note("first")]);
    ann.close().await;

    fill(&server, 12).await;
    let ann = open_in(&server, "ann", folder.path()).await;
    let events = take(&mut ann.consumer("mailer", Begin::Start)).await;
    assert_eq!((events.len(), &events[0]), (100, &note("0-0")));
}
