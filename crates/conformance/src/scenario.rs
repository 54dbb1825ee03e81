//! One thing that a server must do.

use crate::failure::Done;
use crate::server::{Server, Setup, Tokens};

/// One thing that a server must do.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// A sentence.
    pub id: &'static str,
    /// How the server must be set up, to be asked this.
    pub needs: Needs,
    pub(crate) run: fn(&Server) -> Done,
}

/// How a server must be set up for a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// In any way, with the rates as they are when nothing is set.
    Nothing,
    /// It asks for tokens, of whichever kind.
    Tokens,
    /// One token that all clients share.
    SharedToken,
    /// JWTs that the suite can sign.
    Jwt,
    /// A client may push a few events per second.
    SmallRates,
    /// What the archive has leaves the store at once, and an operator's token is known.
    Cold,
}

impl Needs {
    /// What is missing, if something is.
    #[must_use]
    pub fn missing(self, setup: &Setup) -> Option<&'static str> {
        let small = self == Self::SmallRates;
        if setup.small_rates != small {
            return Some(if small { "--limits small" } else { "a server without --limits small" });
        }
        let cold = self == Self::Cold;
        if setup.admin.is_some() != cold {
            return Some(if cold { "--cold" } else { "a server without --cold" });
        }
        match (self, &setup.tokens) {
            (Self::Nothing | Self::SmallRates | Self::Cold, _)
            | (Self::Tokens, Tokens::Shared(_) | Tokens::Jwt(_))
            | (Self::SharedToken, Tokens::Shared(_))
            | (Self::Jwt, Tokens::Jwt(_)) => None,
            (Self::Tokens, Tokens::None) => Some("--token or --jwt-secret"),
            (Self::SharedToken, Tokens::None | Tokens::Jwt(_)) => Some("--token"),
            (Self::Jwt, Tokens::None | Tokens::Shared(_)) => Some("--jwt-secret"),
        }
    }
}

/// Scenarios with the same needs, each named as its function is.
macro_rules! scenarios {
    ($needs:expr; $($name:ident),* $(,)?) => {
        &[$($crate::scenario::Scenario { id: stringify!($name), needs: $needs, run: $name }),*]
    };
}
pub(crate) use scenarios;
