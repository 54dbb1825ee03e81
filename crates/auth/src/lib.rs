//! Who may do what: the same on every server, whatever it runs on.
//!
//! [`AuthConfig`] is what an operator writes, in a file or in variables; [`Auth`] is what a server asks. It has
//! no clock and no network: time is an argument, and where the keys of an issuer are to be fetched, it says so
//! ([`Auth::wants_keys`]), and is told what came ([`Auth::fetched`]). docs/auth.md explains it to users.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod auth;
mod config;
mod error;
mod jwks;
mod jwt;
mod key;
mod policy;
#[cfg(feature = "sign")]
mod sign;
mod stores;
mod token;

pub use auth::Auth;
pub use config::{AuthConfig, ConfigError, JwtConfig, Secret};
pub use jwks::{FETCH_SECONDS, InvalidUrl, JWKS_BYTES, JwksError, JwksUrl};
pub use key::Algorithm;
pub use policy::{MakePolicy, Policy};
#[cfg(feature = "sign")]
pub use sign::{Claims, SignError, SigningKey, header, sign};
pub use stores::{InvalidPattern, StorePattern, Stores};
