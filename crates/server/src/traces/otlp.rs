//! Spans, gathered and sent by a thread in the background: nobody waits for a collector, and where it is not
//! there they are dropped.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, SpanKind, Status, Tracer, TracerProvider};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::warn;

use super::{Answered, Decided};
use crate::outward;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// # Errors
    /// What is wrong with the URL.
    pub(crate) fn start(url: &str) -> Result<Self, String> {
        let exporter = SpanExporter::builder().with_http().with_http_client(Client(outward::agent(PATIENCE)));
        let exporter = exporter.with_endpoint(url).build().map_err(|error| error.to_string())?;
        // Its own variables say how it is called, what is sampled, and how much is sent at once.
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("syncline");
        }
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = resource.with_attribute(version).build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Self { tracer: provider.tracer("syncline"), provider })
    }

    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        let Answered { request, method, path, status, took } = *answered;
        let attributes = vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("url.path", path.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(status)),
            KeyValue::new("syncline.request", number(request)),
        ];
        self.span("request", took, attributes, status >= 500);
    }

    pub(crate) fn decided(&self, decided: &Decided<'_>) {
        let Decided { store, socket, subject, accepted, rejected, took } = *decided;
        let mut attributes = vec![
            KeyValue::new("syncline.store", store.to_string()),
            KeyValue::new("syncline.socket", number(socket)),
            KeyValue::new("syncline.accepted", number(accepted as u64)),
            KeyValue::new("syncline.rejected", number(rejected as u64)),
        ];
        attributes.extend(subject.map(|subject| KeyValue::new("syncline.subject", subject.to_string())));
        self.span("push", took, attributes, false);
    }

    fn span(&self, name: &'static str, took: Duration, attributes: Vec<KeyValue>, failed: bool) {
        let ended = SystemTime::now();
        let span = self.tracer.span_builder(name).with_kind(SpanKind::Server).with_attributes(attributes);
        let mut span = span.with_start_time(ended.checked_sub(took).unwrap_or(ended)).start(&self.tracer);
        if failed {
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(ended);
    }

    /// Sends what was not sent yet; it waits for the collector.
    pub(crate) fn stop(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(PATIENCE) {
            warn!("the last traces are not sent: {error}");
        }
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[derive(Debug)]
struct Client(ureq::Agent);

#[async_trait::async_trait]
impl HttpClient for Client {
    /// The thread that calls it does nothing else.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut post = self.0.post(head.uri.to_string());
        for (name, value) in &head.headers {
            post = post.header(name, value);
        }
        let sent = post.send(&body[..]);
        let mut answer = sent.inspect_err(|error| warn!("the collector does not take traces: {error}"))?;
        let status = answer.status().as_u16();
        if !(200..300).contains(&status) {
            warn!("the collector does not take traces: HTTP {status}");
        }
        let body = answer.body_mut().read_to_vec()?;
        Ok(Response::builder().status(status).body(Bytes::from(body))?)
    }
}
