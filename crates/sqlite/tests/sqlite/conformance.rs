//! What every host answers alike: in memory, above a rewind point, from bytes, in a file.

use syncline_engine::conformance::{Case, digest, play, run};
use syncline_engine::{Rewind, Sql};
use syncline_sqlite::{Database, Durability};

fn passed(db: &mut Database) -> Vec<Case> {
    let cases = run(db);
    let failed: Vec<String> = cases.iter().filter(|case| !case.passed()).map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
    assert!(cases.len() > 150);
    cases
}

#[test]
fn every_kind_of_database_answers_alike() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = Database::open_memory().unwrap();
    let mut pointed = Database::open_memory().unwrap();
    pointed.set_point().unwrap();
    let mut origin = Database::open_memory().unwrap();
    origin.run_script("CREATE TABLE t (n INTEGER) STRICT").unwrap();
    let mut bytes = Database::deserialize(&origin.serialize().unwrap()).unwrap();
    let mut file = Database::open_file(folder.path().join("log.db"), Durability::Full).unwrap();
    let digests = [&mut memory, &mut pointed, &mut bytes, &mut file].map(|db| digest(&passed(db)));
    assert!(digests.iter().all(|other| *other == digests[0]));
    // And again: nothing is left over.
    passed(&mut memory);
    pointed.rewind().unwrap();
    passed(&mut pointed);
}

#[test]
fn the_scenario_ends_alike_in_memory_and_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let memory = || Database::open_memory().unwrap();
    let file = |name: &str| Database::open_file(folder.path().join(name), Durability::Normal).unwrap();
    let plays = [
        play(&mut memory(), &mut memory(), Some(&mut memory())),
        play(&mut file("log.db"), &mut file("state.db"), Some(&mut file("session.db"))),
    ];
    for cases in plays {
        let failed: Vec<String> =
            cases.iter().filter(|case| !case.passed()).map(ToString::to_string).collect();
        assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
        assert!(cases.len() > 35, "{}", cases.len());
    }
}
