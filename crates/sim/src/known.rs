//! Seeds that have found a bug before: `seeds.txt`, a line for each.

use crate::setup::Faults;

/// A run that has to pass, as it once did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its seed.
    pub seed: u64,
    /// The faults that it may have.
    pub faults: Faults,
    /// What it found.
    pub found: String,
}

/// All of them.
///
/// # Errors
/// Which line does not read, and why.
pub fn known() -> Result<Vec<Known>, String> {
    read(include_str!("../seeds.txt"))
}

fn read(text: &str) -> Result<Vec<Known>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| read_line(line).map_err(|why| format!("seeds.txt: {line:?}: {why}"))).collect()
}

fn read_line(line: &str) -> Result<Known, String> {
    let (run, found) = line.split_once('#').ok_or("what did it find?")?;
    let mut words = run.split_whitespace();
    let seed = words.next().unwrap_or_default();
    let seed = seed.parse().map_err(|_| format!("no seed: {seed:?}"))?;
    let mut faults = Faults::usual();
    while let Some(word) = words.next() {
        let on = match word {
            "--with" => true,
            "--without" => false,
            other => return Err(format!("no option: {other:?}")),
        };
        faults.switch(words.next().unwrap_or_default(), on)?;
    }
    Ok(Known { seed, faults, found: found.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_seed_its_faults_and_what_it_found() {
        let faults = Faults { clone_client: true, kill: false, ..Faults::usual() };
        let found = "a commit twice".to_owned();
        let line = "\n# a comment\n7 --with clone --without kill # a commit twice\n";
        assert_eq!(read(line), Ok(vec![Known { seed: 7, faults, found }]));
        for line in ["7", "seven # why", "7 --with plague # why", "7 --with # why", "7 kill # why"] {
            read(line).unwrap_err();
        }
    }
}
