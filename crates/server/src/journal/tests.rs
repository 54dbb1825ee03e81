use syncline_engine::protocol::{Incarnation, Millis, StoreId};
use syncline_engine::{Connection, Record, Room, Rules, Schemaless, SharedToken};
use syncline_sqlite::Database;

use super::*;

fn records(count: u64) -> Vec<Record> {
    let mut db = Database::open_memory().unwrap();
    let mut room = Room::open(
        &mut db,
        Rules::of::<Schemaless>(),
        StoreId::parse("s").unwrap(),
        Incarnation::parse("i").unwrap(),
    )
    .unwrap();
    room.keep_journal();
    let (mut socket, auth) = (Connection::new(None), SharedToken::new("t"));
    let mut say = |text: String| room.receive(&mut db, Millis::default(), &mut socket, &text, &auth);
    say(r#"{"type":"hello","protocol":1,"store":"s","client":"c","subject":"a","modelVersion":1,"schemaHash":"h","token":"t"}"#.to_owned());
    for n in 1..=count {
        say(format!(
            r#"{{"type":"push","commits":[{{"counter":{n},"author":"a","modelVersion":1,"events":[{{"name":"said","args":{n}}}]}}]}}"#
        ));
    }
    let records = room.take_journal();
    assert_eq!(records.len() as u64, count);
    records
}

fn frame(records: &[Record]) -> Frame {
    let mut frame = Frame::new();
    for record in records {
        frame.add(&StoreId::parse("s").unwrap(), record).unwrap();
    }
    frame
}

fn read_records(path: &Path) -> (Vec<Record>, Option<String>) {
    let contents = read(path).unwrap();
    (contents.entries.into_iter().map(|entry| entry.record).collect(), contents.damage)
}

struct Scene {
    _directory: tempfile::TempDir,
    path: PathBuf,
    journal: Journal,
}

fn scene() -> Scene {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("0.log");
    let mut journal = Journal::new(path.clone(), 64 << 10, Generations::after(7));
    journal.begin().unwrap();
    Scene { _directory: directory, path, journal }
}

#[test]
fn what_was_appended_reads_back_in_its_order() {
    let Scene { path, mut journal, _directory } = scene();
    let records = records(9);
    for part in records.chunks(2) {
        journal.append(&mut frame(part)).unwrap();
    }
    assert_eq!(read_records(&path), (records, None));
    assert_eq!(generation_of(&path).unwrap(), 8);
}

#[test]
fn a_frame_that_is_torn_anywhere_is_the_end_and_no_damage() {
    let Scene { path, mut journal, _directory } = scene();
    let records = records(3);
    journal.append(&mut frame(&records[..2])).unwrap();
    let start = journal.open.as_ref().unwrap().at as usize;
    journal.append(&mut frame(&records[2..])).unwrap();
    let end = journal.open.as_ref().unwrap().at as usize;
    let whole = std::fs::read(&path).unwrap();
    for cut in start..end - 8 {
        let mut torn = whole.clone();
        torn[cut..end].fill(0);
        std::fs::write(&path, &torn).unwrap();
        assert_eq!(read_records(&path), (records[..2].to_vec(), None), "cut at {cut} of {start}..{end}");
    }
}

#[test]
fn what_former_generations_have_left_is_never_read() {
    let Scene { path, mut journal, _directory } = scene();
    let records = records(8);
    for record in &records {
        journal.append(&mut frame(std::slice::from_ref(record))).unwrap();
    }
    journal.begin().unwrap();
    assert_eq!(read_records(&path), (vec![], None));
    journal.append(&mut frame(&records[..1])).unwrap();
    assert_eq!(read_records(&path), (records[..1].to_vec(), None));
    journal.end().unwrap();
    assert_eq!(read_records(&path), (vec![], None));
    assert_eq!(generation_of(&path).unwrap(), 10);
}

#[test]
fn damage_in_the_middle_is_told_from_the_end_and_what_follows_is_read() {
    let Scene { path, mut journal, _directory } = scene();
    let records = records(4);
    let mut places = Vec::new();
    for record in &records {
        places.push(journal.open.as_ref().unwrap().at as usize);
        journal.append(&mut frame(std::slice::from_ref(record))).unwrap();
    }
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[places[1] + 40] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let (read, damage) = read_records(&path);
    assert_eq!(read, [&records[..1], &records[2..]].concat());
    assert_eq!(damage.unwrap(), "frames 1 to 1 of generation 8 do not read back");
    bytes[9] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(read_records(&path).1.unwrap().contains("header"));
}

#[test]
fn a_full_journal_says_so_and_begins_again_at_its_start() {
    let Scene { path, mut journal, _directory } = scene();
    let records = records(1);
    let mut count = 0;
    let mut one = frame(&records);
    while journal.has_room(&one) {
        journal.append(&mut one).unwrap();
        count += 1;
    }
    assert_eq!(read_records(&path).0.len(), count);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 64 << 10, "it never grows");
    journal.begin().unwrap();
    assert!(journal.has_room(&one));
}
