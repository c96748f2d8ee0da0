//! Serves the API: limits on connections, headers and time, and a stop that lets what is in hand finish.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CONNECTION, HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::intake::http::access::Peer;
use crate::intake::http::answer::Refusal;
use crate::intake::http::crowd::{Crowd, Place};
use crate::intake::http::patience;
use crate::intake::http::tls::{Encryption, Way};

/// Connections at one time; for more, those make place that keep the agent waiting.
const CONNECTIONS_MAX: usize = 512;
/// How long a request's head may take, and how long a connection may stay quiet between two requests.
const HEAD_TIME_MAX: Duration = Duration::from_secs(75);
/// How long the agent waits for the other side at all: longer than a head or a body may take, so that it ends only
/// those that do not read their answer.
const AWAITED_MAX: Duration = Duration::from_secs(90);
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Bytes of a request's head, and of what is read ahead of its body.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long requests in hand may take after a stop.
const FINISH_MAX: Duration = Duration::from_secs(10);
/// How long to wait when the system gives no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How many connections are ended then, so that files can be opened again.
const SENT_OUT: usize = 16;
/// Of the files that the system lets this process open, one in so many may be a connection: the outbox, the log and
/// whatever is sent need some too.
const FILES_PER_CONNECTION: usize = 2;

/// Serves the router until `stop`, then waits for the requests in hand. With `encryption` whoever comes from elsewhere
/// must speak TLS.
///
/// # Errors
/// Never for what a single connection does; only when the listener itself cannot say its address.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    encryption: Option<Arc<Encryption>>,
    stop: CancellationToken,
) -> io::Result<()> {
    listener.local_addr()?;
    let crowd = Crowd::new(places(files_max()));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = tokio::select! {
                    place = crowd.enter(peer.ip().to_canonical()) => Arc::new(place),
                    () = stop.cancelled() => break,
                };
                let visit = Visit {
                    peer,
                    router: router.clone(),
                    place,
                    stop: stop.clone(),
                };
                connections.spawn(visit.begin(stream, encryption.clone()));
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                // The system's limit may be lower than ours: then it is the same as a full room.
                let out = (0..SENT_OUT).take_while(|_| crowd.send_one_out(Instant::now()));
                if out.count() == 0 {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                } else {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
    // Nobody is answered any more who has not been heard yet.
    drop(listener);
    connections.close();
    if tokio::time::timeout(FINISH_MAX, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!("requests were still running when the agent stopped");
    }
    Ok(())
}

/// How many connections there may be, where the system lets us open so many files.
fn places(files_max: Option<usize>) -> usize {
    let places = files_max.map_or(CONNECTIONS_MAX, |files| files / FILES_PER_CONNECTION);
    places.clamp(1, CONNECTIONS_MAX)
}

/// How many files this process may open; `None` where the system does not say.
fn files_max() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A connection, and what it needs.
struct Visit {
    peer: SocketAddr,
    router: Router,
    place: Arc<Place>,
    stop: CancellationToken,
}

impl Visit {
    async fn begin(self, stream: TcpStream, encryption: Option<Arc<Encryption>>) {
        // An answer is small and must not wait for more to come; without it only the wait is longer.
        let _ = stream.set_nodelay(true);
        let Some(encryption) = encryption else {
            return self.converse(stream, false).await;
        };
        let way = tokio::select! {
            way = encryption.way(stream, self.peer) => way,
            () = self.place.asked_to_leave() => None,
            () = self.stop.cancelled() => None,
        };
        match way {
            Some(Way::Open(stream)) => self.converse(stream, false).await,
            Some(Way::Encrypted(stream)) => self.converse(stream, true).await,
            Some(Way::Refused(stream)) => {
                let told = || std::future::ready(not_encrypted());
                let router = Router::new().fallback(told);
                Self { router, ..self }.converse(stream, false).await;
            }
            None => {}
        }
    }

    async fn converse<S>(self, stream: S, encrypted: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Self {
            peer,
            router,
            place,
            stop,
        } = self;
        let asked = Arc::clone(&place);
        let answer = move |request: hyper::Request<Incoming>| {
            let (router, place) = (router.clone(), Arc::clone(&asked));
            let mut request: Request =
                request.map(|body| axum::body::Body::new(Awaited::new(body, Arc::clone(&place))));
            request.extensions_mut().insert(Peer(peer));
            async move {
                let mut answer = router.oneshot(request).await;
                if encrypted && let Ok(answer) = &mut answer {
                    keep_encrypted(answer.headers_mut());
                }
                let bytes = answer
                    .as_ref()
                    .map_or(0, |answer| answer.body().size_hint().lower());
                place.answered(bytes);
                answer
            }
        };
        let service = TowerToHyperService::new(tower::service_fn(answer));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience::within(HEAD_TIME_MAX))
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = place.asked_to_leave() => Ok(()),
            () = awaited_too_long(&place) => Ok(()),
        };
        if let Err(error) = ended {
            // The other side went away, or spoke no HTTP: its affair.
            tracing::debug!(error = %error, "a connection ended early");
        }
    }
}

/// What was begun over TLS is not told in the open: cookies go back by TLS only.
fn keep_encrypted(headers: &mut HeaderMap) {
    let cookies = headers.iter_mut().filter(|(name, _)| *name == SET_COOKIE);
    for (_, cookie) in cookies {
        let secure = [cookie.as_bytes(), b"; Secure"].concat();
        // A legal header stays one.
        if let Ok(secure) = HeaderValue::from_bytes(&secure) {
            *cookie = secure;
        }
    }
}

/// Whoever comes in the open from elsewhere.
fn not_encrypted() -> Response {
    let message = "whoever comes from elsewhere must speak TLS; nothing was stored";
    let hint =
        "call it by https://, and change a token or a password that was just sent in the open";
    let status = StatusCode::FORBIDDEN;
    let mut response = Refusal::new(status, "not_encrypted", message, hint).into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// Ends when the other side has kept the agent waiting too long.
async fn awaited_too_long(place: &Place) {
    let limit = patience::within(AWAITED_MAX);
    while place.awaited_for() < limit {
        tokio::time::sleep(LOOK_EVERY.min(limit)).await;
    }
}

/// A request's body that tells the room when it has arrived: until then the agent waits for its sender.
struct Awaited {
    body: Incoming,
    place: Arc<Place>,
}

impl Awaited {
    fn new(body: Incoming, place: Arc<Place>) -> Self {
        if body.is_end_stream() {
            place.served();
        } else {
            place.awaited();
        }
        Self { body, place }
    }
}

impl Body for Awaited {
    type Data = <Incoming as Body>::Data;
    type Error = <Incoming as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.place.served();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn half_of_the_files_may_be_connections() {
        assert_eq!(places(Some(1_000_000)), CONNECTIONS_MAX);
        assert_eq!(
            [places(Some(120)), places(Some(1)), places(None)],
            [60, 1, CONNECTIONS_MAX]
        );
    }

    const QUESTION: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    /// A server whose one answer takes a while, and a connection to it.
    async fn serving() -> (
        TcpStream,
        CancellationToken,
        tokio::task::JoinHandle<io::Result<()>>,
    ) {
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            "done"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, router) = (
            CancellationToken::new(),
            Router::new().route("/", get(slow)),
        );
        let server = tokio::spawn(serve(listener, router, None, stop.clone()));
        (TcpStream::connect(address).await.unwrap(), stop, server)
    }

    #[tokio::test]
    async fn a_stop_lets_the_request_in_hand_finish() {
        let (mut stream, stop, server) = serving().await;
        stream.write_all(QUESTION).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.cancel();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"));
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_connection_that_is_quiet() {
        let (_stream, stop, server) = serving().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.cancel();
        let ended = tokio::time::timeout(FINISH_MAX / 2, server).await;
        ended.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_connection_serves_one_request_after_another() {
        let (mut stream, _stop, _server) = serving().await;
        for _ in 0..2 {
            stream.write_all(QUESTION).await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"done") {
                stream.read_buf(&mut answer).await.unwrap();
            }
        }
    }
}
