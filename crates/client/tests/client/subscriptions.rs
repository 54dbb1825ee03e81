//! Live queries.

use futures_util::{FutureExt, StreamExt};
use serde::Deserialize;

use super::model::{code, label, note, online, open, soon};
use super::server::Server;

#[derive(Debug, Deserialize, PartialEq)]
struct Count {
    n: i64,
}

#[tokio::test]
async fn a_subscription_tells_its_rows_only_when_they_have_changed() {
    let server = Server::down().await;
    let ann = open(&server, "ann").await;
    let sql = "SELECT count(*) AS n FROM notes WHERE title >= ?1";
    let mut counts = ann.subscribe::<Count>(sql, &["m".into()]).unwrap();
    let first = counts.next().now_or_never().flatten().unwrap().unwrap();
    assert_eq!(first, [Count { n: 0 }]);

    ann.commit([label("another table")]).unwrap();
    assert!(counts.next().now_or_never().is_none());
    ann.commit([note("a row that is not asked for")]).unwrap();
    assert!(counts.next().now_or_never().is_none());
    ann.commit([note("new")]).unwrap();
    ann.commit([note("newer")]).unwrap();
    let both = counts.next().now_or_never().flatten().unwrap().unwrap();
    assert_eq!(both, [Count { n: 2 }]);
    assert!(counts.next().now_or_never().is_none());
    ann.close().await;
    assert!(counts.next().await.is_none());
}

#[tokio::test]
async fn a_subscription_hears_of_what_others_commit_and_of_what_is_taken_back() {
    let server = Server::up().await;
    let (ann, bob) = (open(&server, "ann").await, open(&server, "bob").await);
    online(&ann).await;
    online(&bob).await;
    let counts = ann.subscribe::<Count>("SELECT count(*) AS n FROM notes", &[]).unwrap();
    let mut counts = Box::pin(counts.into_stream());
    assert_eq!(counts.next().await.unwrap().unwrap(), [Count { n: 0 }]);
    bob.commit([note("of bob")]).unwrap();
    assert_eq!(soon(counts.next()).await.unwrap().unwrap(), [Count { n: 1 }]);
}

#[tokio::test]
async fn a_query_that_writes_is_refused() {
    let server = Server::down().await;
    let ann = open(&server, "ann").await;
    assert_eq!(code(ann.query::<Count>("DELETE FROM notes", &[])), "bad-query");
    assert_eq!(code(ann.query::<Count>("SELECT 1 AS m", &[])), "bad-query");
    assert_eq!(code(ann.subscribe::<Count>("SELECT n FROM nowhere", &[])), "bad-query");
}
