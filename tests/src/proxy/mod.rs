//! A bad line: a proxy between the agent and head office that cuts, delays, swallows and spoils, one request at a time.
//!
//! It speaks HTTP/1 to both sides, plain or TLS to the agent, plain to the far end, one fresh connection there for each
//! request. What it did is counted when it was done, not when it was planned.

pub mod faults;
pub mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_rustls::server::TlsStream;

use crate::wire::{self, Letter};
use faults::{Counts, Fault, Schedule};
use tls::Identities;

/// How long a late answer takes.
const DELAY: Duration = Duration::from_millis(300);
/// How long a late request takes unless a test says otherwise.
const LATE: Duration = Duration::from_millis(500);
/// The pause between two drops of a dripping answer, and how many there are at most.
const DRIP: (Duration, usize) = (Duration::from_millis(20), 100);
/// How long a silent connection is kept; the agent gives up before.
const SILENCE_MAX: Duration = Duration::from_secs(60);

const PORTAL: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 43\r\nConnection: close\r\n\r\n\
    <!DOCTYPE html><html>Please log in.\n</html>";
const REDIRECT: &str = "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\
    Connection: close\r\n\r\n";
const TOO_MANY: &str =
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
const UNAVAILABLE: &str =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
const TOO_LARGE: &str = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
const RUBBISH: &[u8] = b"\x16\x03\x01\x00\x00 not what you expect \xff\xfe\r\n\r\n";
const WRONG_BODY: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\
    Connection: close\r\n\r\n{\"results\":[[7]]}";

/// A request that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it asks for, see [`Letter::asks_for`].
    pub path: String,
    pub fault: Option<Fault>,
}

/// The proxy; ends when dropped.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    door: Mutex<Option<JoinHandle<()>>>,
    runtime: Runtime,
}

struct Shared {
    upstream: Mutex<SocketAddr>,
    identities: Option<Identities>,
    schedule: Mutex<Schedule>,
    counts: Mutex<Counts>,
    seen: Mutex<Vec<Seen>>,
    /// Bodies of requests whose path holds this text are kept.
    keeps: Mutex<Option<&'static str>>,
    kept: Mutex<Vec<Vec<u8>>>,
    /// Milliseconds by which a late request is late.
    late: AtomicU64,
    /// Requests on their way to the far end although the agent has gone.
    on_the_way: AtomicU64,
}

impl Proxy {
    /// A plain one in front of a far end.
    pub fn plain(upstream: SocketAddr) -> Self {
        Self::new(upstream, None)
    }

    /// One that speaks TLS; its certificates lie in a folder.
    pub fn with_tls(upstream: SocketAddr, folder: &Path) -> Self {
        Self::new(upstream, Some(tls::identities(folder)))
    }

    fn new(upstream: SocketAddr, identities: Option<Identities>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::new(Shared {
                upstream: Mutex::new(upstream),
                identities,
                schedule: Mutex::default(),
                counts: Mutex::default(),
                seen: Mutex::default(),
                keeps: Mutex::default(),
                kept: Mutex::default(),
                late: AtomicU64::new(LATE.as_millis() as u64),
                on_the_way: AtomicU64::new(0),
            }),
            door: Mutex::default(),
            runtime,
        };
        proxy.serve(listener);
        proxy
    }

    /// The address as the agent is told it.
    pub fn url(&self) -> String {
        let scheme = match self.shared.identities {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// Plans a fault for the next request whose path holds this text.
    pub fn plan(&self, path: &str, fault: Fault) {
        self.shared.schedule.lock().unwrap().plan(path, fault);
    }

    /// From now on every request meets this fault, or every connection; or none does any more for that.
    pub fn always(&self, fault: Option<Fault>) {
        self.shared.schedule.lock().unwrap().always(fault);
    }

    /// From now on one request in so many meets a fault.
    pub fn at_random(&self, seed: u64, one_in: u64) {
        self.shared.schedule.lock().unwrap().at_random(seed, one_in);
    }

    /// From now on nothing happens any more.
    pub fn calm(&self) {
        self.shared.schedule.lock().unwrap().calm();
    }

    /// By how much late requests are late.
    pub fn late_by(&self, late: Duration) {
        let late = late.as_millis() as u64;
        self.shared.late.store(late, Ordering::SeqCst);
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts.lock().unwrap().clone()
    }

    /// How often a fault has happened.
    pub fn count(&self, fault: Fault) -> usize {
        self.counts().get(&fault).copied().unwrap_or_default()
    }

    /// The requests so far, in the order in which they came.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// From now on keeps the bodies of requests whose path holds this text.
    pub fn keep(&self, path: &'static str) {
        *self.shared.keeps.lock().unwrap() = Some(path);
    }

    /// The bodies that were kept, in the order in which they came.
    pub fn kept(&self) -> Vec<Vec<u8>> {
        self.shared.kept.lock().unwrap().clone()
    }

    /// How many requests so far asked for something whose name holds this text.
    pub fn asked(&self, path: &str) -> usize {
        let seen = self.seen();
        seen.iter().filter(|seen| seen.path.contains(path)).count()
    }

    /// From now on another far end stands behind it.
    pub fn lead_to(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap() = upstream;
    }

    /// How many requests are still on their way to the far end although the agent has gone.
    pub fn on_the_way(&self) -> u64 {
        self.shared.on_the_way.load(Ordering::SeqCst)
    }

    /// Nobody listens any more: connections are refused.
    pub fn shut(&self) {
        if let Some(door) = self.door.lock().unwrap().take() {
            door.abort();
            // It has ended when its listener is closed.
            let _ = self.runtime.block_on(door);
        }
    }

    /// Listens again.
    pub fn open(&self) {
        let bound = self.runtime.block_on(TcpListener::bind(self.address));
        self.serve(bound.unwrap());
    }

    fn serve(&self, listener: TcpListener) {
        let shared = self.shared.clone();
        let door = self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shared.clone().welcome(stream));
            }
        });
        *self.door.lock().unwrap() = Some(door);
    }
}

/// The agent's side of a connection.
trait Side: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}
impl Side for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}
impl Side for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl Shared {
    async fn welcome(self: Arc<Self>, stream: TcpStream) {
        let Some(identities) = &self.identities else {
            return self.talk(stream).await;
        };
        if self.schedule.lock().unwrap().wrong_certificate() {
            let turn = self.counts.lock().unwrap().values().sum::<usize>() % 2;
            // It counts when the agent has turned away.
            match identities.wrong[turn].accept(stream).await {
                Err(_) => self.happened(Fault::WrongCertificate),
                // With TLS 1.3 the refusal comes after our side is done.
                Ok(mut stream) => {
                    let mut byte = [0];
                    if !matches!(stream.read(&mut byte).await, Ok(1)) {
                        self.happened(Fault::WrongCertificate);
                    }
                }
            }
        } else if let Ok(stream) = identities.good.accept(stream).await {
            self.talk(stream).await;
        }
    }

    async fn talk(self: Arc<Self>, side: impl Side) {
        let mut agent = BufReader::new(side);
        while let Ok(Some(request)) = wire::request(&mut agent).await {
            let path = request.asks_for();
            let fault = self.schedule.lock().unwrap().request(&path);
            if self
                .keeps
                .lock()
                .unwrap()
                .is_some_and(|text| path.contains(text))
            {
                self.kept.lock().unwrap().push(request.body.clone());
            }
            self.seen.lock().unwrap().push(Seen { path, fault });
            let stays = match fault {
                None => self.pass(&mut agent, &request).await,
                Some(fault) => self.spoil(fault, &mut agent, request).await,
            };
            if !stays {
                return;
            }
        }
    }

    fn upstream(&self) -> SocketAddr {
        *self.upstream.lock().unwrap()
    }

    fn happened(&self, fault: Fault) {
        *self.counts.lock().unwrap().entry(fault).or_default() += 1;
    }

    /// Passes a request on and its answer back; whether the connection stays.
    async fn pass(&self, agent: &mut BufReader<impl Side>, request: &Letter) -> bool {
        let Ok(answer) = wire::exchange(self.upstream(), request).await else {
            return false;
        };
        let written = agent.get_mut().write_all(&answer.bytes()).await.is_ok();
        let close = answer.header("connection").unwrap_or_default();
        let open = answer.header("content-length").is_some()
            || answer.header("transfer-encoding").is_some();
        written && open && !close.eq_ignore_ascii_case("close")
    }

    /// Whether the connection stays.
    async fn spoil(
        self: &Arc<Self>,
        fault: Fault,
        agent: &mut BufReader<impl Side>,
        request: Letter,
    ) -> bool {
        let said: &[u8] = match fault {
            Fault::CutBefore => &[],
            Fault::CutDuring => {
                let all = request.bytes();
                if let Ok(mut far) = TcpStream::connect(self.upstream()).await {
                    // What does not arrive there was cut earlier.
                    let _ = far.write_all(&all[..all.len() / 2]).await;
                }
                &[]
            }
            Fault::CutAfter | Fault::LateRequest => {
                let late = Duration::from_millis(self.late.load(Ordering::SeqCst));
                let late = (fault == Fault::LateRequest).then_some(late);
                self.on_the_way.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(self.clone().afterwards(request, late));
                self.happened(fault);
                return false;
            }
            Fault::Portal => PORTAL.as_bytes(),
            Fault::Redirect => REDIRECT.as_bytes(),
            Fault::TooMany => TOO_MANY.as_bytes(),
            Fault::Unavailable => UNAVAILABLE.as_bytes(),
            Fault::TooLarge => TOO_LARGE.as_bytes(),
            Fault::AnswerSwallowed
            | Fault::Silence
            | Fault::Delay
            | Fault::Truncated
            | Fault::Drip
            | Fault::Reset
            | Fault::WrongBytes
            | Fault::WrongBody
            | Fault::WrongCertificate => return self.spoil_answer(fault, agent, &request).await,
        };
        // Counted first: the agent may be gone by now, and what it must see is that nothing good came.
        self.happened(fault);
        let _ = agent.get_mut().write_all(said).await;
        matches!(fault, Fault::TooMany | Fault::Unavailable | Fault::TooLarge)
    }

    /// The request takes effect; what becomes of its answer.
    async fn spoil_answer(
        &self,
        fault: Fault,
        agent: &mut BufReader<impl Side>,
        request: &Letter,
    ) -> bool {
        // Without a far end there is no answer to spoil.
        let Ok(answer) = wire::exchange(self.upstream(), request).await else {
            return false;
        };
        self.happened(fault);
        let answer = answer.bytes();
        let side = agent.get_mut();
        // The agent may be gone by now: then it got nothing, as it should.
        let _ = match fault {
            Fault::Silence => {
                let mut byte = [0];
                let _ = tokio::time::timeout(SILENCE_MAX, side.read(&mut byte)).await;
                Ok(())
            }
            Fault::Delay => {
                tokio::time::sleep(DELAY).await;
                side.write_all(&answer).await
            }
            Fault::Truncated => side.write_all(&answer[..answer.len() / 2]).await,
            Fault::Drip => drip(side, &answer).await,
            Fault::Reset => side.tcp().set_zero_linger(),
            Fault::WrongBytes => side.write_all(RUBBISH).await,
            Fault::WrongBody => side.write_all(WRONG_BODY.as_bytes()).await,
            _ => Ok(()),
        };
        false
    }

    /// Carries a request to the far end when the agent has gone.
    async fn afterwards(self: Arc<Self>, request: Letter, late: Option<Duration>) {
        if let Some(late) = late {
            tokio::time::sleep(late).await;
        }
        // Whatever the far end says, nobody listens.
        let _ = wire::exchange(self.upstream(), &request).await;
        self.on_the_way.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn drip(side: &mut impl Side, answer: &[u8]) -> std::io::Result<()> {
    for byte in answer.iter().take(DRIP.1) {
        side.write_all(&[*byte]).await?;
        side.flush().await?;
        tokio::time::sleep(DRIP.0).await;
    }
    Ok(())
}
