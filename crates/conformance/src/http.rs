//! Plain requests, with the path as it is given.

use std::io::{BufRead, BufReader};

use serde::Deserialize;
use serde_json::Value;
use ureq::http::{HeaderMap, Request};
use ureq::{Agent, AsSendBody, Body};

use crate::failure::{Done, Failure, same};
use crate::server::{Server, own};

/// An answer larger than this is a defect.
const BODY_BYTES: u64 = 64 << 20;

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

impl Server {
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Done<Answer> {
        self.ask(method, path, headers, ())
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Done<Answer> {
        self.ask("POST", path, headers, body)
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl AsSendBody) -> Done<Answer> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(self.setup.patience))
            .allow_non_standard_methods(true);
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.host));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).map_err(own)?;
        let answer = config.build().new_agent().run(request);
        let answer = answer.map_err(|error| Failure::new("an answer over HTTP", error.to_string()))?;
        let (parts, mut body): (_, Body) = answer.into_parts();
        let body = body.with_config().limit(BODY_BYTES).read_to_string();
        let body = body.map_err(|error| Failure::new("an answer's body", error.to_string()))?;
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// The body of an answer that may have no end.
    pub(crate) fn stream(&self, path: &str, headers: &[(&str, &str)]) -> Done<impl BufRead + use<>> {
        let config = Agent::config_builder().timeout_global(Some(self.setup.patience));
        let mut request = Request::builder().uri(format!("http://{}{path}", self.host));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = config.build().new_agent().run(request.body(()).map_err(own)?);
        let answer = answer.map_err(|error| Failure::new("an answer over HTTP", error.to_string()))?;
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        same("content-type", Some("text/event-stream"), kind)?;
        Ok(BufReader::new(answer.into_body().into_reader()))
    }

    pub(crate) fn get(&self, path: &str) -> Done<Answer> {
        self.request("GET", path, &[])
    }
}

impl Answer {
    /// A status, and a body `{ "code": …, "message": … }` with one of these codes.
    pub(crate) fn refuses(&self, asked: &str, status: u16, codes: &[&str]) -> Done {
        same(&format!("{asked}: status"), status, self.status)?;
        let expected = format!("{asked}: a JSON body with one of the codes {codes:?}, and a message");
        let refusal: Refusal =
            serde_json::from_str(&self.body).map_err(|_| Failure::new(expected.clone(), &self.body))?;
        if codes.contains(&refusal.code.as_str()) && !refusal.message.is_empty() {
            return Ok(());
        }
        Err(Failure::new(expected, &self.body))
    }

    pub(crate) fn json(&self) -> Done<Value> {
        serde_json::from_str(&self.body).map_err(|_| Failure::new("a JSON body", &self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
