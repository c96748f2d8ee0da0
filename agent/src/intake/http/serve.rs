//! Serves the API: limits on connections, headers and time, and a stop that lets what is in hand finish.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::intake::http::access::Peer;

/// Connections at one time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 512;
/// How long a request's head may take, and how long a connection may stay quiet between two requests.
const HEAD_TIME_MAX: Duration = Duration::from_secs(75);
/// Bytes of a request's head, and of what is read ahead of its body.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long requests in hand may take after a stop.
const FINISH_MAX: Duration = Duration::from_secs(10);
/// How long to wait when the system gives no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the router until `stop`, then waits for the requests in hand.
///
/// # Errors
/// Never for what a single connection does; only when the listener itself cannot say its address.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    listener.local_addr()?;
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = TaskTracker::new();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    converse(stream, peer, router, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
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

async fn converse(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    // An answer is small and must not wait for more to come; without it only the wait is longer.
    let _ = stream.set_nodelay(true);
    let answer = move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    };
    let service = TowerToHyperService::new(tower::service_fn(answer));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The other side went away, or spoke no HTTP: its affair.
        tracing::debug!(error = %error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

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
        let server = tokio::spawn(serve(listener, router, stop.clone()));
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
