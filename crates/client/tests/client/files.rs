//! What survives a process, and what does not.

use std::fs;
use std::path::{Path, PathBuf};

use syncline_client::engine::protocol::Code;
use syncline_client::{State, Storage, Store};

use super::model::{Notes, code, config, note, online, open_in, reaches, soon, titles};
use super::server::Server;

fn folder_in(folder: &Path) -> PathBuf {
    let mut folders = fs::read_dir(folder).unwrap();
    let one = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    one
}

#[tokio::test]
async fn a_commit_of_a_process_that_has_ended_is_sent_by_the_next_one() {
    let mut server = Server::down().await;
    let folder = tempfile::tempdir().unwrap();
    let ann = open_in(&server, "ann", folder.path()).await;
    assert_eq!(ann.status().borrow().storage, Storage::Files);
    let receipt = ann.commit([note("kept")]).unwrap();
    soon(receipt.persisted()).await.unwrap();
    drop(ann);
    // The last handle is gone: the files are free once the leader has ended.
    assert_eq!(code(soon(receipt.confirmed()).await), "store-closed");
    receipt.persisted().await.unwrap();

    let ann = loop {
        match Store::<Notes>::open(config(&server, "ann").folder(folder.path())).await {
            Ok(ann) => break ann,
            Err(error) => assert_eq!(error.code(), "another-process"),
        }
    };
    assert_eq!(titles(&ann), ["kept"]);
    assert_eq!(ann.pending(|pending| pending.events.len()).unwrap(), [1]);
    server.start().await;
    soon(ann.settled()).await.unwrap();
    assert_eq!(server.logged(), ["kept"]);
    ann.close().await;

    server.die().await;
    let ann = open_in(&server, "ann", folder.path()).await;
    assert_eq!(titles(&ann), ["kept"]);
    assert!(ann.pending(|_| ()).unwrap().is_empty());
}

#[tokio::test]
async fn a_second_process_is_refused_but_another_subject_is_not() {
    let server = Server::down().await;
    let folder = tempfile::tempdir().unwrap();
    let ann = open_in(&server, "ann", folder.path()).await;
    assert_eq!(
        code(Store::<Notes>::open(config(&server, "ann").folder(folder.path())).await),
        "another-process"
    );
    let bob = open_in(&server, "bob", folder.path()).await;
    ann.commit([note("of ann")]).unwrap();
    assert!(titles(&bob).is_empty());
    ann.close().await;
    open_in(&server, "ann", folder.path()).await;
}

#[tokio::test]
async fn a_damaged_database_is_kept_and_the_log_read_again() {
    let server = Server::up().await;
    let folder = tempfile::tempdir().unwrap();
    let ann = open_in(&server, "ann", folder.path()).await;
    soon(ann.commit([note("kept")]).unwrap().confirmed()).await.unwrap();
    ann.close().await;
    let own = folder_in(folder.path());
    for file in ["log.db", "state.db"] {
        fs::write(own.join(file), "this is no database".repeat(1_000)).unwrap();
    }

    let ann = open_in(&server, "ann", folder.path()).await;
    let status = reaches(&ann, |status| status.state == State::Online).await;
    assert_eq!(status.reason, Some(Code::StorageDamaged));
    assert_eq!(titles(&ann), ["kept"]);
    assert!(fs::read(own.join("log.db")).unwrap().starts_with(b"this is no"));
    soon(ann.commit([note("more")]).unwrap().confirmed()).await.unwrap();
    ann.close().await;
    let ann = open_in(&server, "ann", folder.path()).await;
    online(&ann).await;
    assert_eq!(titles(&ann), ["kept", "more"]);
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let server = Server::down().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let config = config(&server, "ann").folder(&file);
    assert_eq!(code(Store::<Notes>::open(config).await), "storage-failed");
    for url in ["ftp://example.org", "example.org", "http:///"] {
        let store = syncline_client::engine::protocol::StoreId::parse("s").unwrap();
        let subject = syncline_client::engine::protocol::Subject::parse("ann").unwrap();
        let config = syncline_client::Config::new(url, store, subject);
        assert_eq!(code(Store::<Notes>::open(config).await), "server-unreachable", "{url}");
    }
}
