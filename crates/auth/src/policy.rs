//! What an app decides by code of its own, beside its model and beside what an operator configures.

use std::fmt;

use syncline_engine::{Authorize, Hooks, NoHooks};

/// What an app adds on its servers. It is made once, of the same variables as the rest of the configuration.
#[derive(Clone, Copy)]
pub struct Policy {
    /// Who may connect, in place of `AUTH` and what belongs to it: where tokens are not as [`crate::AuthConfig`]
    /// knows them.
    pub authorize: Option<&'static (dyn Authorize + Sync)>,
    /// What is refused beside the rules.
    pub hooks: &'static dyn Hooks,
}

/// How an app makes its policy, of the variables that it asks for by name. The error is for the operator: nobody
/// gets in.
pub type MakePolicy = fn(&dyn Fn(&str) -> Option<String>) -> Result<Policy, String>;

impl Policy {
    /// Nothing of its own: that of an app which names none.
    ///
    /// # Errors
    /// None.
    pub fn none(_: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        Ok(Self::default())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { authorize: None, hooks: &NoHooks }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("authorize", &self.authorize.is_some()).finish_non_exhaustive()
    }
}
