//! `token`: a JWT for development, such as an issuer would make.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use syncline_auth::{Claims, SigningKey, StorePattern, Stores, header, sign};
use syncline_engine::protocol::{Millis, Subject};

use super::Cx;
use super::failure::{Failure, Kind};
use super::output::line;
use crate::clock;

#[derive(Args)]
#[command(after_help = "Examples:
  JWT_SECRET=… syncline token ann --write 'team-*' --minutes 60
  syncline token bot --key private.pem --kid 2026 --read '*' --audience chat

It is for development and tests: in production, who signs people in makes tokens. docs/auth.md says what a
server makes of the claims. The key is a secret of at least 32 bytes (HS256), or a private key in PEM, PKCS#8:
RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA).")]
pub(crate) struct TokenArgs {
    /// Whose token it is
    subject: String,
    /// The secret of HS256; better in the environment than as a flag
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, required_unless_present = "key")]
    secret: Option<String>,
    /// A file with a private key in PEM, in place of a secret
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The name of the key
    #[arg(long)]
    kid: Option<String>,
    /// Stores that it may read: ids, or beginnings of ids with a * after them
    #[arg(long, value_name = "STORES", value_delimiter = ',')]
    read: Vec<String>,
    /// Stores that it may read and write
    #[arg(long, value_name = "STORES", value_delimiter = ',')]
    write: Vec<String>,
    /// For how long
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Whom it is for
    #[arg(long)]
    audience: Option<String>,
    /// Whom it is from
    #[arg(long)]
    issuer: Option<String>,
    /// The name of the claim about stores
    #[arg(long, default_value = "syncline")]
    claim: String,
}

pub(crate) fn run(cx: &Cx, args: TokenArgs) -> Result<(), Failure> {
    let usage = |error: String| Failure::new(Kind::Usage, error);
    let subject = Subject::parse(args.subject).map_err(|error| usage(error.to_string()))?;
    if args.read.is_empty() && args.write.is_empty() {
        return Err(usage("a token without --read or --write opens no store".to_owned()));
    }
    let key = match (&args.key, args.secret) {
        (Some(path), _) => {
            let pem = std::fs::read_to_string(path).map_err(|error| Failure::at(path, error))?;
            SigningKey::from_pem(&pem).map_err(|error| usage(format!("{}: {error}", path.display())))?
        }
        (None, Some(secret)) if secret.len() >= 32 => SigningKey::Secret(secret.into_bytes()),
        (None, Some(_)) => return Err(usage("the secret of HS256 has at least 32 bytes".to_owned())),
        (None, None) => return Err(usage("there is neither a secret nor a key".to_owned())),
    };
    let patterns = |texts: Vec<String>| {
        let parsed = texts.into_iter().map(|text| {
            StorePattern::parse(text.clone()).map_err(|error| usage(format!("{text:?}: {error}")))
        });
        parsed.collect::<Result<Vec<_>, _>>()
    };
    let lasts = Duration::from_secs(args.minutes.saturating_mul(60)).as_millis();
    let expires = u64::try_from(lasts).ok().and_then(|lasts| clock::now().get().checked_add(lasts));
    let expires = expires.and_then(|expires| Millis::new(expires).ok());
    let claims = Claims {
        subject,
        expires: expires.ok_or_else(|| usage("that is too long".to_owned()))?,
        stores: Stores { read: patterns(args.read)?, write: patterns(args.write)? },
        audience: args.audience,
        issuer: args.issuer,
    };
    let claims = claims.to_json(&args.claim);
    let token = sign(&key, &header(&key, args.kid.as_deref()), &claims);
    let token = token.map_err(|error| Failure::new(Kind::Failed, error))?;
    if cx.json {
        line(&json!({ "token": token, "claims": claims }).to_string())?;
    } else {
        line(&token)?;
    }
    Ok(())
}
