//! Connections: accepted, encrypted where that is set, and spoken to in HTTP/1.1.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error as RustlsError, ServerConfig};
use tracing::{debug, warn};

use crate::config::Patience;

/// The head of a request, with its token.
const HEAD_BYTES: usize = 32 << 10;

/// Where there are no file descriptors left, some come back.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file does not read as PEM.
    #[error("no certificates or key in {0}: {1}")]
    Pem(String, PemError),
    /// The certificate and the key do not go together.
    #[error("the certificate and the key: {0}")]
    Pair(#[from] RustlsError),
}

/// Reads a certificate chain and its key.
pub(crate) fn tls(certificates: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let of = |path: &Path| path.display().to_string();
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| TlsError::Pem(of(certificates), error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::Pem(of(key), error))?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Accepts connections until the server stops.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    patience: Patience,
    mut draining: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = draining.changed() => return,
        };
        match accepted {
            Ok((stream, from)) => {
                // Small frames go out at once.
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%from, "it is gone already: {error}");
                    continue;
                }
                let mut stream = TimeoutStream::new(stream);
                // Whatever is sent, by whatever route: who does not take it holds no memory for ever.
                stream.set_write_timeout(Some(patience.taking));
                let stream = Box::pin(stream);
                let of = Connection { from, patience, draining: draining.clone() };
                tokio::spawn(connect(stream, of, tls.clone(), router.clone()));
            }
            Err(error) => {
                warn!("no connection can be accepted: {error}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// What is known of a connection.
struct Connection {
    from: SocketAddr,
    patience: Patience,
    draining: watch::Receiver<bool>,
}

async fn connect(
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    of: Connection,
    tls: Option<TlsAcceptor>,
    router: Router,
) {
    let from = of.from;
    match tls {
        None => serve(stream, of, router).await,
        Some(tls) => match timeout(of.patience.head, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve(stream, of, router).await,
            Ok(Err(error)) => debug!(%from, "no TLS: {error}"),
            Err(_) => debug!(%from, "no TLS in time"),
        },
    }
}

async fn serve<S>(stream: S, of: Connection, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Connection { from, patience, mut draining } = of;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(HEAD_BYTES);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = Box::pin(connection.with_upgrades());
    let mut stopping = false;
    loop {
        tokio::select! {
            done = connection.as_mut() => {
                if let Err(error) = done {
                    debug!(%from, "{error}");
                }
                return;
            }
            _ = draining.changed(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
