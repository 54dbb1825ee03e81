//! What commands write: rows as a table or as JSON, and progress where somebody looks.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// Wider than this, a cell is cut: JSON has all of it.
const CELL: usize = 60;

/// Writes to stdout. Who reads may have had enough.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => done,
    }
}

pub(crate) fn line(text: &str) -> io::Result<()> {
    write(&format!("{text}\n"))
}

/// Something that whoever reads stderr should know.
pub(crate) fn warn(text: &str) {
    eprintln!("note: {text}");
}

/// A table of text, each column as wide as what it holds.
pub(crate) fn table(columns: &[String], rows: &[Vec<Value>]) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let mut widths: Vec<usize> = columns.iter().map(|name| name.chars().count()).collect();
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    for row in [columns, &rules].into_iter().chain(cells.iter().map(Vec::as_slice)) {
        let padded: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What a terminal may take: no control characters of somebody else's.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let mut clean: String =
        text.chars().take(CELL + 1).map(|c| if c.is_control() { '·' } else { c }).collect();
    if clean.chars().count() > CELL {
        clean.pop();
        clean.push('…');
    }
    clean
}

/// On stderr, and only where that is a terminal.
pub(crate) fn bar(length: Option<u64>, what: &str, bytes: bool) -> ProgressBar {
    let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let counts = if bytes { "{bytes}/{total_bytes} {bytes_per_sec}" } else { "{pos}/{len}" };
    let template = match (length, bytes) {
        (Some(_), _) => format!("{{msg}} {{wide_bar}} {counts}"),
        (None, true) => "{spinner} {msg} {bytes} {bytes_per_sec}".to_owned(),
        (None, false) => "{spinner} {msg} {pos}".to_owned(),
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_as_wide_as_its_cells_and_holds_no_control_characters() {
        let rows = [vec![json!(1), json!("a\u{1b}[31m")], vec![json!(null), json!("x".repeat(100))]];
        let text = table(&["id".to_owned(), "text".to_owned()], &rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "id  text");
        assert_eq!(lines[2], "1   a·[31m");
        assert!(lines[3].ends_with("x…") && lines[3].chars().count() == 4 + CELL + 1, "{text}");
    }
}
