//! The tour of docs/native-client.md.

use serde::Deserialize;
use syncline_client::Store;

use super::model::{Notes, config, note};
use super::server::Server;

#[tokio::test]
async fn the_tour_of_the_docs() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        title: String,
    }

    let server = Server::up().await;
    let folder = tempfile::tempdir().unwrap();
    // What `config` is: the server's URL, the store's id, the subject, and `.token("secret")`.
    let config = config(&server, "ann").folder(folder.path());
    let store = Store::<Notes>::open(config).await.unwrap();

    let mut notes = store.subscribe::<Row>("SELECT title FROM notes ORDER BY title", &[]).unwrap();
    assert_eq!(notes.next().await.unwrap().unwrap(), []);

    let receipt = store.commit([note("buy milk")]).unwrap(); // applied now, offline or not
    assert_eq!(notes.next().await.unwrap().unwrap(), [Row { title: "buy milk".to_owned() }]);
    receipt.persisted().await.unwrap(); // survives this process
    let place = receipt.confirmed().await.unwrap(); // in the log; the server's verdict is an error
    assert_eq!(place.first.get(), 1);

    let refused = store.commit([note("buy milk")]).err().unwrap();
    assert_eq!(refused.code(), "constraint-unique");
    store.close().await;
}
