//! The targets on any toolchain: the corpus, and what simple changes make of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use syncline_fuzz::{TARGETS, run};

/// For all targets together, beside the corpus itself.
const CHANGED: Duration = Duration::from_secs(6);

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn names(folder: &str) -> BTreeSet<String> {
    let files = fs::read_dir(here(folder)).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<_> =
        fs::read_dir(here("corpus").join(target)).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort_unstable();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// A small generator (xorshift), so that a failure happens again.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap()
    }

    /// Pieces of two inputs, and some that JSON is made of.
    fn change(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        const PIECES: [&str; 16] = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "null",
            "-1",
            "9007199254740991",
            "1e999",
            "\n",
            "\\ud800",
            "é",
            "0",
        ];
        let mut changed = input.to_vec();
        for _ in 0..=self.below(3) {
            let start = self.below(changed.len() + 1);
            let end = (start + self.below(12)).min(changed.len());
            let from = self.below(other.len() + 1);
            let piece = match self.below(3) {
                0 => PIECES[self.below(PIECES.len())].as_bytes(),
                1 => &other[from..(from + self.below(80)).min(other.len())],
                _ => &[],
            };
            changed.splice(start..end, piece.iter().copied());
        }
        changed
    }
}

#[test]
fn every_target_has_its_binary_and_its_corpus() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
    let manifest = fs::read_to_string(here("Cargo.toml")).unwrap();
    for target in targets {
        assert!(manifest.contains(&format!("name = \"{target}\"\npath = \"fuzz_targets/{target}.rs\"")));
        let binary = fs::read_to_string(here("fuzz_targets").join(format!("{target}.rs"))).unwrap();
        assert!(binary.contains(&format!("syncline_fuzz::run(\"{target}\", data)")));
        assert!(corpus(&target).len() >= 3, "{target}");
    }
}

#[test]
fn nothing_in_the_corpus_breaks_a_promise() {
    for (target, _) in TARGETS {
        corpus(target).iter().for_each(|input| run(target, input));
    }
}

#[test]
fn nothing_like_the_corpus_breaks_a_promise() {
    let each = CHANGED / u32::try_from(TARGETS.len()).unwrap();
    for (target, _) in TARGETS {
        let (corpus, mut random, started) = (corpus(target), Random(0x9e37_79b9_7f4a_7c15), Instant::now());
        let mut runs = 0;
        while started.elapsed() < each || runs < 100 {
            let input = &corpus[random.below(corpus.len())];
            let other = &corpus[random.below(corpus.len())];
            let changed = random.change(input, other);
            let shown = String::from_utf8_lossy(&changed).into_owned();
            let done = std::panic::catch_unwind(|| run(target, &changed));
            assert!(done.is_ok(), "{target} on {shown:?}");
            runs += 1;
        }
    }
}
