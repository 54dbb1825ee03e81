//! A policy of an app's own: partners with a key each, and what is refused beside the rules. For tests, never
//! for a deployment.

use std::collections::BTreeMap;

use syncline_engine::protocol::{Args, Code, Commit, ErrorFrame, Millis, Seq, StoreId, Subject};
use syncline_engine::{Authorize, Grant, HookContext, Hooks, Rejection};
use syncline_worker::Policy;

/// The subject of each key.
struct Partners(BTreeMap<String, Subject>);

impl Authorize for Partners {
    fn authorize(&self, _: &StoreId, token: Option<&str>, _: Millis) -> Result<Grant, ErrorFrame> {
        let subject = token.and_then(|key| self.0.get(key)).cloned();
        let unknown = || ErrorFrame::new(Code::Unauthorized, "this is no partner's key");
        Ok(Grant { subject: Some(subject.ok_or_else(unknown)?), write: true, expires: None })
    }
}

struct Door;

impl Hooks for Door {
    fn connect(&self, _: &HookContext<'_>, payload: Option<&Args>) -> Result<(), Rejection> {
        match payload.map(Args::get) {
            Some("{\"plan\":\"paid\"}") => Ok(()),
            Some(_) | None => Err(Rejection::new("no-plan", "the plan is not paid")),
        }
    }

    fn push(&self, cx: &HookContext<'_>, commits: &[Commit]) -> Result<(), Rejection> {
        let much = commits.len() > 2 && cx.subject.as_str() == "ann";
        if much { Err(Rejection::new("too-much-at-once", "two commits at once will do")) } else { Ok(()) }
    }

    fn pull(&self, cx: &HookContext<'_>, _: Seq) -> Result<(), Rejection> {
        let closed = cx.store.as_str() == "closed";
        if closed { Err(Rejection::new("closed", "nobody reads this store")) } else { Ok(()) }
    }
}

/// Nothing of its own where no partners are configured.
pub(crate) fn policy(var: &dyn Fn(&str) -> Option<String>) -> Result<Policy, String> {
    let Some(partners) = var("PARTNERS") else { return Ok(Policy::default()) };
    let partners = partners.split_whitespace().map(|partner| {
        let (name, key) = partner.split_once(':').ok_or("PARTNERS: name:key, separated by spaces")?;
        Ok((key.to_owned(), Subject::parse(name).map_err(|error| error.to_string())?))
    });
    let partners = Partners(partners.collect::<Result<_, String>>()?);
    Ok(Policy { authorize: Some(Box::leak(Box::new(partners))), hooks: &Door })
}
