//! How a receiver knows that a webhook is ours, and new.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use syncline_engine::protocol::Millis;

/// The header with the signature.
pub const SIGNATURE: &str = "syncline-signature";

/// The header with the id of the delivery: the same, if it is sent again.
pub const DELIVERY: &str = "syncline-delivery";

/// `t=…,v1=…`: the time in milliseconds, and the HMAC-SHA-256, in hex, of the time, a full stop and the body.
#[must_use]
pub fn signature(secret: &str, now: Millis, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key may have any length");
    mac.update(format!("{now}.").as_bytes());
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={now},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_time_and_body() {
        // printf '1700000000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        assert_eq!(
            signature("secret", Millis::new(1_700_000_000_000).unwrap(), r#"{"a":1}"#),
            "t=1700000000000,v1=4ef2732b0d632a6897af3a6d02a6de287f60d6c5f15dabdb0ceb045a34e3c5a7"
        );
    }
}
