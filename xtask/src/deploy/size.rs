//! How large an upload is, and how large it may be.

use std::fmt;

use anyhow::{Context, Result, bail};

/// Cloudflare's limits are for what is uploaded, after gzip.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    Free,
    Paid,
}

impl Plan {
    pub(super) const fn limit(self) -> Kib {
        match self {
            Self::Free => Kib(3.0 * 1024.0),
            Self::Paid => Kib(10.0 * 1024.0),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Free => "free plan allows",
            Self::Paid => "paid plan allows",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct Kib(f64);

impl fmt::Display for Kib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB", self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    raw: Kib,
    gzip: Kib,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { raw, gzip } = self;
        write!(f, "{raw}, {gzip} after gzip")
    }
}

impl Size {
    pub(super) fn check(self, plan: Plan) -> Result<()> {
        let limit = plan.limit();
        if self.gzip <= limit {
            return Ok(());
        }
        let advice = match plan {
            Plan::Free => "; the paid plan allows 10 MB (`--paid`)",
            Plan::Paid => "",
        };
        bail!("the worker has {} after gzip, and the {plan} {limit}{advice}", self.gzip)
    }
}

/// What wrangler says of the size of what it uploads.
pub(super) fn of(said: &str) -> Result<Size> {
    let line = said.lines().find_map(|line| line.trim().strip_prefix("Total Upload:"));
    line.and_then(parse).with_context(|| format!("wrangler does not say how large the upload is:\n{said}"))
}

fn parse(line: &str) -> Option<Size> {
    let (raw, gzip) = line.split_once("/ gzip:")?;
    let kib = |text: &str| text.trim().strip_suffix("KiB")?.trim().parse().ok().map(Kib);
    Some(Size { raw: kib(raw)?, gzip: kib(gzip)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(kib: f64) -> Size {
        Size { raw: Kib(kib * 3.0), gzip: Kib(kib) }
    }

    #[test]
    fn an_upload_may_be_as_large_as_the_limit_and_no_larger() {
        assert!(gzip(3072.0).check(Plan::Free).is_ok());
        let error = gzip(3072.01).check(Plan::Free).unwrap_err().to_string();
        assert!(error.contains("3072.01 KiB") && error.contains("--paid"), "{error}");
        assert!(gzip(3072.01).check(Plan::Paid).is_ok());
        assert!(gzip(10240.0).check(Plan::Paid).is_ok());
        let error = gzip(10240.01).check(Plan::Paid).unwrap_err().to_string();
        assert!(!error.contains("--paid"), "{error}");
    }

    #[test]
    fn what_wrangler_says_is_read() {
        let said = "Total Upload: 1056.60 KiB / gzip: 393.58 KiB\n\
            Your Worker has access to the following bindings:\n\
            Binding                      Resource\n\
            env.STORE (StoreObject)      Durable Object\n\n--dry-run: exiting now.\n";
        assert_eq!(of(said).unwrap(), Size { raw: Kib(1056.6), gzip: Kib(393.58) });
    }

    #[test]
    fn a_size_that_is_not_said_is_an_error() {
        assert!(of("Total Upload: much").is_err());
        assert!(of("--dry-run: exiting now.").is_err());
    }
}
