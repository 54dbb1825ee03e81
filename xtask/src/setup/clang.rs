//! A clang that compiles C for wasm: SQLite is part of the client.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use super::{debian, missing};
use crate::workspace::{self, WASM_TARGET};

/// As distributions name them: first the one that is known to work, then newer and older ones.
const VERSIONS: [u8; 9] = [19, 20, 21, 22, 18, 17, 16, 15, 14];
/// Homebrew keeps its LLVM out of the path, as Apple's clang has no wasm target.
const HOMEBREW: [&str; 2] = ["/opt/homebrew/opt/llvm/bin/clang", "/usr/local/opt/llvm/bin/clang"];

const CC: &str = "CC_wasm32_unknown_unknown";
const AR: &str = "AR_wasm32_unknown_unknown";

/// The client's SQLite: without what neither the client nor its queries use, and with what the native
/// one has by default. Only what SQLite's parser, which is generated already, does without may go.
const SQLITE_FLAGS: [&str; 31] = [
    "-DSQLITE_DEFAULT_FOREIGN_KEYS=1",
    "-DSQLITE_DEFAULT_MEMSTATUS=0",
    "-DSQLITE_MAX_MMAP_SIZE=0",
    "-DSQLITE_OMIT_AUTOVACUUM",
    "-DSQLITE_OMIT_CASE_SENSITIVE_LIKE_PRAGMA",
    "-DSQLITE_OMIT_COMPILEOPTION_DIAGS",
    "-DSQLITE_OMIT_COMPLETE",
    "-DSQLITE_OMIT_DECLTYPE",
    "-DSQLITE_OMIT_GET_TABLE",
    "-DSQLITE_OMIT_INCRBLOB",
    "-DSQLITE_OMIT_INTROSPECTION_PRAGMAS",
    "-DSQLITE_OMIT_LOOKASIDE",
    "-DSQLITE_OMIT_PROGRESS_CALLBACK",
    "-DSQLITE_OMIT_TESTCONTROL",
    "-DSQLITE_OMIT_TRACE",
    "-DSQLITE_OMIT_UTF16",
    "-DSQLITE_UNTESTABLE",
    "-USQLITE_ENABLE_API_ARMOR",
    "-USQLITE_ENABLE_BYTECODE_VTAB",
    "-USQLITE_ENABLE_COLUMN_METADATA",
    "-USQLITE_ENABLE_DBPAGE_VTAB",
    "-USQLITE_ENABLE_DBSTAT_VTAB",
    "-USQLITE_ENABLE_FTS5",
    "-USQLITE_ENABLE_MATH_FUNCTIONS",
    "-USQLITE_ENABLE_OFFSET_SQL_FUNC",
    "-USQLITE_ENABLE_PREUPDATE_HOOK",
    "-USQLITE_ENABLE_RTREE",
    "-USQLITE_ENABLE_SESSION",
    "-USQLITE_ENABLE_STMTVTAB",
    "-USQLITE_ENABLE_UNKNOWN_SQL_FUNCTION",
    "-USQLITE_ENABLE_UNLOCK_NOTIFY",
];

pub(crate) fn get() -> Result<()> {
    if find().is_some() {
        return Ok(());
    }
    // Whoever names a compiler wants that one, not another one installed.
    if let Some(named) = env::var_os(CC) {
        bail!("{CC} names {}, which does not compile for wasm32: name a clang, or unset it", named.display());
    }
    missing("no clang that compiles for wasm32");
    for version in VERSIONS {
        let (clang, llvm) = (format!("clang-{version}"), format!("llvm-{version}"));
        if debian::has(&clang)? {
            debian::install(&[&clang, &llvm])?;
            return compiles(clang.as_ref())
                .then_some(())
                .with_context(|| format!("{clang} is installed, but does not compile for wasm32"));
        }
    }
    bail!(
        "no clang that compiles for wasm32; install one: `{}`, or name one in {CC}",
        debian::install_elsewhere("clang llvm", "llvm")
    )
}

/// Gives a cargo call what it needs to compile C for wasm.
pub(crate) fn wasm_c(cargo: &mut Command) -> Result<()> {
    let clang = find().context("no clang that compiles for wasm32; run `cargo xtask setup`")?;
    if let Some(ar) = archiver(&clang) {
        cargo.env(AR, ar);
    }
    // The same SQLite in the browser as on a native host.
    let source = workspace::package_dir("libsqlite3-sys")?.join("sqlite3");
    cargo
        .env(CC, clang)
        .env("SQLITE_WASM_RS_SOURCE_DIR", source)
        .env("SQLITE_WASM_RS_FLAGS", SQLITE_FLAGS.join(" "));
    Ok(())
}

fn find() -> Option<PathBuf> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Some(found.clone());
    }
    let found = match env::var_os(CC) {
        Some(named) => Some(PathBuf::from(named)).filter(|clang| compiles(clang)),
        None => VERSIONS
            .iter()
            .map(|version| PathBuf::from(format!("clang-{version}")))
            .chain(std::iter::once(PathBuf::from("clang")))
            .chain(HOMEBREW.map(PathBuf::from))
            .find(|clang| compiles(clang)),
    }?;
    Some(FOUND.get_or_init(|| found).clone())
}

fn compiles(clang: &std::path::Path) -> bool {
    let Ok(folder) = workspace::target_dir().map(|target| target.join("xtask")) else {
        return false;
    };
    let (source, object) = (folder.join("probe.c"), folder.join("probe.o"));
    let code = "#include <stddef.h>\nsize_t probe(void) { return sizeof(void *); }\n";
    if fs::create_dir_all(&folder).and_then(|()| fs::write(&source, code)).is_err() {
        return false;
    }
    let mut command = Command::new(clang);
    command.arg(format!("--target={WASM_TARGET}")).arg("-c").arg(source).arg("-o").arg(object);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The archiver of the same LLVM, as another one may not read its objects.
fn archiver(clang: &std::path::Path) -> Option<PathBuf> {
    let output = Command::new(clang).arg("--print-prog-name=llvm-ar").output().ok()?;
    let ar = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    (env::var_os(AR).is_none() && ar.is_absolute()).then_some(ar)
}
