//! The docs say what is true: their links and paths lead somewhere, their samples are those of real
//! files, and the commands that they name exist.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod schema;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Markdown file, by its path from the root of the repository.
struct Doc {
    path: String,
    text: String,
}

/// A fenced block, and the comment right before it.
struct Block<'a> {
    language: &'a str,
    before: &'a str,
    body: Vec<&'a str>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn docs() -> Vec<Doc> {
    let mut docs = Vec::new();
    for folder in ["", "docs/"] {
        for file in fs::read_dir(root().join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                let path = format!("{folder}{name}");
                let text = fs::read_to_string(root().join(&path)).unwrap();
                docs.push(Doc { path, text });
            }
        }
    }
    for expected in ["README.md", "docs/architecture.md", "docs/errors.md"] {
        assert!(docs.iter().any(|doc| doc.path == expected), "{expected}");
    }
    docs
}

/// Collects what `look` objects to in each document, and fails if there is anything.
fn none_objected(look: impl Fn(&Doc, &mut Vec<String>)) {
    let mut objections = Vec::new();
    for doc in docs() {
        let before = objections.len();
        look(&doc, &mut objections);
        for objection in objections.iter_mut().skip(before) {
            *objection = format!("{}: {objection}", doc.path);
        }
    }
    assert!(objections.is_empty(), "\n{}", objections.join("\n"));
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    let mut before = "";
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.body.push(line),
            (None, Some(language)) => {
                let body = Vec::new();
                open = Some(Block { language, before, body });
            }
            (None, None) => {}
        }
        before = line;
    }
    assert!(open.is_none(), "a fenced block does not end");
    blocks
}

/// The targets of links and images that are neither on the web nor samples.
fn links(text: &str) -> Vec<&str> {
    let after = text.split("](").skip(1);
    after.filter_map(|rest| rest.split(')').next()).filter(|target| !target.starts_with("http")).collect()
}

/// What a heading or an explicit anchor can be linked by, as GitHub makes it.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| {
        let title = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
        let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
    });
    let explicit = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    headings.chain(explicit.map(str::to_owned)).collect()
}

/// Words that are paths of this repository. What git ignores is there only after a build.
fn named_paths(text: &str) -> Vec<&str> {
    const ROOTS: [&str; 7] = [".cargo/", ".ci/", ".github/", "apps/", "crates/", "docs/", "xtask/"];
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    let ignored: Vec<&str> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    text.split(|c: char| c.is_whitespace() || "()[]`\"'<>,;|*".contains(c))
        .map(|word| word.trim_end_matches(['.', ':', '…']))
        .filter(|word| ROOTS.iter().any(|root| word.starts_with(root)))
        .map(|word| word.split('#').next().unwrap_or(word))
        .filter(|word| !word.split('/').any(|part| ignored.contains(&part)))
        .collect()
}

/// The arguments of each `cargo xtask` that is named.
fn commands(text: &str) -> BTreeSet<Vec<&str>> {
    let after = text.split("cargo xtask ").skip(1);
    let lines = after.filter_map(|rest| rest.split(['`', '\n', '#', '"']).next());
    let is_argument = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-,".contains(c));
    lines
        .map(|line| line.split_whitespace().take_while(is_argument).collect::<Vec<_>>())
        .filter(|arguments| !arguments.is_empty())
        .collect()
}

/// Why a sample is not what the file says, if it is not. A line of `…` stands for what is left out.
fn difference(sample: &[&str], file: &str) -> Option<String> {
    let lines: Vec<&str> = file.lines().collect();
    let mut from = 0;
    for piece in sample.split(|line| line.trim_start_matches(['/', '-', ' ']) == "…") {
        let Some(first) = piece.first() else { continue };
        let found = (from..lines.len()).find(|at| stands_at(piece, lines.get(*at..).unwrap_or_default()));
        match found {
            Some(at) => from = at + piece.len(),
            None => {
                return Some(format!("the part that begins with {:?} is not there", first.trim()));
            }
        }
    }
    None
}

/// Whether the lines begin with the piece, indented as deeply or more deeply.
fn stands_at(piece: &[&str], lines: &[&str]) -> bool {
    let (Some(first), Some(line)) = (piece.first(), lines.first()) else {
        return false;
    };
    let Some(indent) = line.strip_suffix(first).filter(|indent| indent.trim().is_empty()) else {
        return false;
    };
    lines.len() >= piece.len()
        && piece.iter().zip(lines).all(|(sample, line)| {
            line.strip_prefix(indent) == Some(sample) || sample.is_empty() && line.is_empty()
        })
}

#[test]
fn every_link_leads_somewhere() {
    none_objected(|doc, objections| {
        let folder = root().join(&doc.path).parent().unwrap().to_path_buf();
        for target in links(&doc.text) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => root().join(&doc.path),
                path => folder.join(path),
            };
            if !file.exists() {
                objections.push(format!("{target} is not there"));
            } else if !anchor.is_empty() && !anchors(&fs::read_to_string(file).unwrap()).contains(anchor) {
                objections.push(format!("{target} has no such heading"));
            }
        }
    });
}

#[test]
fn every_path_that_is_named_is_there() {
    none_objected(|doc, objections| {
        let missing = named_paths(&doc.text).into_iter();
        let missing = missing.filter(|path| !root().join(path).exists());
        objections.extend(missing.map(|path| format!("{path} is not there")));
    });
}

#[test]
fn every_sample_is_run_or_stands_in_the_file_that_it_names() {
    none_objected(|doc, objections| {
        for block in blocks(&doc.text) {
            let excerpt = block.before.strip_prefix("<!-- excerpt: ");
            match (block.language, excerpt.and_then(|rest| rest.strip_suffix(" -->"))) {
                (_, Some(path)) => match fs::read_to_string(root().join(path)) {
                    Ok(file) => {
                        objections.extend(difference(&block.body, &file).map(|why| format!("{path}: {why}")))
                    }
                    Err(error) => objections.push(format!("{path}: {error}")),
                },
                // schema.rs runs these.
                ("sql", None) if block.before.starts_with("<!-- query: archive") => {}
                // Not code, or commands, which the test below looks at.
                ("text" | "sh", None) => {}
                // The chat's model has the README as a doc comment: `cargo test` runs these.
                ("rust", None) if doc.path == "README.md" => {}
                (language, None) => objections.push(format!(
                    "a sample in {language:?} is neither run nor an excerpt: {:?}",
                    block.body.first()
                )),
            }
        }
    });
}

#[test]
fn the_samples_of_the_readme_are_run() {
    let model = fs::read_to_string(root().join("apps/chat/model/src/lib.rs")).unwrap();
    assert!(model.contains("#[cfg(doctest)]\n#[doc = include_str!(\"../../../../README.md\")]"));
}

#[test]
fn every_command_that_is_named_exists() {
    none_objected(|doc, objections| {
        for arguments in commands(&doc.text) {
            let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
            let output = xtask.args(&arguments).arg("--help").output().unwrap();
            if !output.status.success() {
                objections.push(format!("there is no `cargo xtask {}`", arguments.join(" ")));
            }
        }
    });
}

/// Each with its name.
fn workflows() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join(".github/workflows")).unwrap();
    let workflows = files.map(|file| {
        let path = file.unwrap().path();
        (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
    });
    workflows.collect()
}

#[test]
fn every_workflow_is_short_and_names_versions_and_commands_that_exist() {
    let workflows = workflows();
    for expected in ["ci.yml", "deploy.yml"] {
        assert!(workflows.iter().any(|(name, _)| name == expected), "{expected}");
    }
    for (name, text) in workflows {
        assert!(text.lines().count() < 60, "{name}");
        for action in text.lines().filter_map(|line| line.split_once("uses: ")) {
            assert!(action.1.contains("@v"), "{name}: {}", action.1);
        }
        for arguments in commands(&text.replace("\"$ENVIRONMENT\"", "staging")) {
            let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
            let output = xtask.args(&arguments).arg("--help").output().unwrap();
            assert!(output.status.success(), "{name}: there is no `cargo xtask {}`", arguments.join(" "));
        }
        for command in text.lines().filter_map(|line| line.split_once("run: .ci/")) {
            assert!(root().join(".ci").join(command.1).exists(), "{name}: .ci/{}", command.1);
        }
    }
}

#[test]
fn what_the_workflow_deploys_to_is_an_environment_of_the_worker() {
    let worker = fs::read_to_string(root().join("apps/chat/worker/wrangler.toml")).unwrap();
    let (_, deploy) = workflows().into_iter().find(|(name, _)| name == "deploy.yml").unwrap();
    let options = deploy.split("options: [").nth(1).unwrap().split(']').next().unwrap();
    for environment in options.split(", ").chain(["production"]) {
        assert!(worker.contains(&format!("[env.{environment}]\n")), "{environment}");
    }
}

#[test]
fn a_sample_that_differs_from_its_file_is_noticed() {
    let file = "a\n  b {\n    c\n\n    d\n  }\n";
    let same = |sample: &[&str]| difference(sample, file).is_none();
    assert!(same(&["b {", "  c", "", "  d", "}"]));
    assert!(same(&["  b {", "    // …", "    d"]));
    assert!(!same(&["b {", "c"]));
    assert!(!same(&["  c", "  // …", "b {"]));
    assert!(!same(&["d", "}", "e"]));
}

#[test]
fn what_the_docs_name_is_found_in_them() {
    let text = "See [a](docs/a.md#b), `crates/x/y.rs`, and `apps/chat/worker/dist/z.js`.\n\
        ```sh\ncargo xtask dev web   # c\n```\n## It's d\n";
    assert_eq!(links(text), ["docs/a.md#b"]);
    assert_eq!(named_paths(text), ["docs/a.md", "crates/x/y.rs"]);
    assert_eq!(commands(text), BTreeSet::from([vec!["dev", "web"]]));
    assert!(anchors(text).contains("its-d"));
    let blocks = blocks(text);
    assert!(matches!(blocks.as_slice(), [Block { language: "sh", .. }]));
}
