//! Many at once.

use std::collections::BTreeSet;
use std::thread;

use syncline_engine::protocol::StoreId;

use crate::client::{Client, joined, member, message, read_log};
use crate::failure::{Done, Failure, same};
use crate::log::Log;
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::Server;

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    fifty_clients_that_push_at_once_make_one_log,
    many_stores_at_once_do_not_mix,
];

const CLIENTS: usize = 50;
const ROUNDS: usize = 10;

fn fifty_clients_that_push_at_once_make_one_log(server: &Server) -> Done {
    let store = server.store()?;
    let founder = Client::founder(server, &store, "founder")?;
    let before = founder.log.head();
    let logs = at_once(CLIENTS, |number| push_and_push_again(server, &store, number))?;
    let read = read_log(server, &store, "reader")?;
    let commits: BTreeSet<_> =
        read.entries.iter().map(|entry| (entry.client.clone(), entry.counter)).collect();
    // The founder's one, and of each: one to join, and one in each round, each of two events.
    same("how many commits were logged", 1 + CLIENTS * (1 + ROUNDS), commits.len())?;
    let head = before.plus(u64::try_from(CLIENTS * (2 + 2 * ROUNDS)).unwrap_or(u64::MAX));
    same("the head, each commit once", head, read.head())?;
    for log in logs {
        same("what each has seen, up to where it has", read.chain_at(log.head()), log.chain())?;
    }
    Ok(())
}

/// Each push twice, the second time on another socket in every third round.
fn push_and_push_again(server: &Server, store: &StoreId, number: usize) -> Done<Log> {
    let name = format!("person {number}");
    let mut client = Client::join(server, store, &name)?;
    let commit = client.commit([joined(&name), member()])?;
    let first = client.push(vec![commit.clone()])?;
    same("the verdict again", first, client.push(vec![commit])?)?;
    for round in 0..ROUNDS {
        let id = |place: &str| format!("{number}-{round}-{place}");
        let commit = client.commit([message(&id("a"), "at once"), message(&id("b"), "at once")])?;
        client.accepted(vec![commit.clone()])?;
        if round % 3 == 0 {
            client = client.again(server)?;
            client.catch_up()?;
        }
        client.accepted(vec![commit])?;
    }
    Ok(client.log)
}

fn many_stores_at_once_do_not_mix(server: &Server) -> Done {
    let logs = at_once(20, |number| {
        let store = server.store()?;
        let mut client = Client::founder(server, &store, "ann")?;
        for round in 0..5 {
            let commit = client.commit([message(&format!("m{round}"), &format!("of store {number}"))])?;
            client.accepted(vec![commit])?;
        }
        Ok(client.log)
    })?;
    for (number, log) in logs.iter().enumerate() {
        let own = format!("of store {number}");
        let texts = log.entries.iter().filter(|entry| entry.args.get().contains("of store"));
        same(
            "texts of its own",
            true,
            texts.clone().all(|entry| entry.args.get().contains(&format!("{own}\""))),
        )?;
        same("how many", 5, texts.count())?;
    }
    Ok(())
}

fn at_once<T: Send>(how_many: usize, each: impl Fn(usize) -> Done<T> + Sync) -> Done<Vec<T>> {
    let each = &each;
    thread::scope(|scope| {
        let running: Vec<_> = (0..how_many).map(|number| scope.spawn(move || each(number))).collect();
        let ended = running.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(Failure::new("a suite without mistakes", "a panic")))
        });
        ended.collect()
    })
}
