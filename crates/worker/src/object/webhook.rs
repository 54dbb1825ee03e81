//! The webhook: by alarm, after what was admitted, never in the way of it.

use syncline_engine::Webhook;
use syncline_http::{DELIVERY, SIGNATURE, signature};
use worker::{Env, Fetch, Headers, Method, Request, RequestInit, console_error};

use super::Object;
use crate::clock::now;
use crate::wait::within;

/// Deliveries of one alarm: its work is bounded.
const DELIVERIES: usize = 8;

/// How long a receiver may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// Where commits are sent, and what they are signed with.
pub(super) struct Receiver {
    url: String,
    secret: String,
}

impl Receiver {
    /// `WEBHOOK_URL` and the secret `WEBHOOK_SECRET`. Without a secret nothing is sent: nobody could know
    /// that it is ours.
    pub(super) fn configured(env: &Env) -> Option<Self> {
        let url = env.var("WEBHOOK_URL").ok()?.to_string();
        if url.is_empty() {
            return None;
        }
        match env.secret("WEBHOOK_SECRET") {
            Ok(secret) => Some(Self { url, secret: secret.to_string() }),
            Err(_) => {
                console_error!("there is a WEBHOOK_URL, but no WEBHOOK_SECRET: nothing is sent");
                None
            }
        }
    }

    /// # Errors
    /// Why it was not taken; and whether the receiver says that it never will be.
    async fn send(&self, id: &str, body: &str) -> Result<(), (String, bool)> {
        let failed = |error: worker::Error| (error.to_string(), false);
        let headers = Headers::new();
        let signature = signature(&self.secret, now(), body);
        for (name, value) in
            [("content-type", "application/json"), (DELIVERY, id), (SIGNATURE, signature.as_str())]
        {
            headers.set(name, value).map_err(failed)?;
        }
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_headers(headers).with_body(Some(body.into()));
        let request = Request::new_with_init(&self.url, &init).map_err(failed)?;
        let answer = within(PATIENCE, Fetch::Request(request).send()).await;
        match answer.ok_or_else(|| ("no answer in time".to_owned(), false))?.map_err(failed)?.status_code() {
            200..=299 => Ok(()),
            410 => Err(("HTTP 410".to_owned(), true)),
            status => Err((format!("HTTP {status}"), false)),
        }
    }
}

impl Object {
    /// Sends what is there, a bounded part at a time; returns how long to wait for the next, if there is
    /// more.
    pub(super) async fn deliver_some(&self) -> Option<u64> {
        let receiver = self.receiver.as_ref()?;
        for _ in 0..DELIVERIES {
            let due = self.with_room(None, |room, db| room.webhook(db, now()));
            let delivery = match due {
                Ok(Webhook::Send(delivery)) => delivery,
                Ok(Webhook::Wait(until)) => return Some(until.get().saturating_sub(now().get())),
                Ok(Webhook::Idle | Webhook::Stopped) => return None,
                Err(error) => {
                    let Some(first) = error.released() else {
                        console_error!("nothing is sent to the webhook: {error}");
                        return None;
                    };
                    match self.bring_back(first).await {
                        Ok(()) => continue,
                        Err(error) => {
                            console_error!("the webhook waits for the archive: {error}");
                            return Some(super::RETRY_AFTER_MS.into());
                        }
                    }
                }
            };
            let sent = receiver.send(&delivery.id, &delivery.body).await;
            let noted = self.with_room(None, |room, db| match &sent {
                Ok(()) => room.webhook_taken(db, &delivery),
                Err((why, gone)) => {
                    console_error!("the webhook does not take {}: {why}", delivery.id);
                    room.webhook_failed(db, now(), &delivery, why, *gone)
                }
            });
            if let Err(error) = noted {
                console_error!("the webhook's place is not kept, so it is sent again: {error}");
                return Some(super::RETRY_AFTER_MS.into());
            }
        }
        Some(0)
    }
}
