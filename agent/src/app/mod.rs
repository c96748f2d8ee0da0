//! The story of a start, and the only file that knows all parts: open what is durable, bring up the loops, then the
//! door for the tills. Stopping is the same backwards: the door first, the disk last. Where the disk does not let it
//! start, it waits on the [`porch`].

mod bring_up;
pub mod parts;
mod porch;
pub mod profiled;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tillpost_shared::config::{Config, Environment};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::bring_up::BringUp;
use crate::activity::{Bell, Board, now};
use crate::catalog::Active;
use crate::destination::Any;
use crate::intake::desk::Desk;
use crate::intake::house::{self, House};
use crate::intake::http::tls::Encryption;
use crate::intake::http::tls::certificate::CertificateError;
use crate::intake::http::{Api, Parts};
use crate::store::proof::ReadBacks;
use crate::store::{Store, StoreError, lane, numbers, reread, tills};
use crate::{failpoint, paths, secret};

/// Threads that answer tills and talk to destinations; files and SQLite have threads of their own.
const WORKERS: usize = 2;
/// Threads for files and SQLite at one time; more work waits its turn, so that many questions at once stay small.
const BLOCKING_MAX: usize = 16;
/// How long a thread that works on files may hold up the end: one that hangs on a share never comes back.
const THREADS_END_MAX: Duration = Duration::from_secs(5);
/// The folder of catalogs in the data folder.
const CATALOG_FOLDER: &str = "catalog";
/// How long the door stays shut for what comes back of a damaged outbox: of a small one, tills then never notice.
const BACK_BEFORE_THE_DOOR: Duration = Duration::from_secs(3);
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Why the agent cannot start or run.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The configuration asks for something that cannot be.
    #[error("{0}")]
    Config(String),
    /// The outbox.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be read.
    #[error(transparent)]
    Secret(#[from] secret::SecretError),
    /// There is no certificate to show.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The machine gives no threads or no files.
    #[error("cannot {doing}")]
    Machine {
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

/// A running agent. Dropping it without [`Running::stop`] leaves its loops to end by themselves.
pub struct Running {
    /// Where tills reach it.
    pub address: SocketAddr,
    /// The fingerprint of the certificate it shows, where it shows one.
    pub fingerprint: Option<String>,
    /// Its outbox.
    pub store: Store,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// The destinations of this store, by name, for whoever reads back.
pub type Destinations = Vec<(String, Arc<Any>)>;

impl Running {
    /// Ends when somebody asked the agent to stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Closes the door, lets every loop finish what it has in hand, and waits for it.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Runs the service until it is told to stop. Prints where it listens as the first line on stdout.
pub fn run(config: Config, profiles: &Path) -> Result<(), AppError> {
    let runtime = runtime()?;
    let ran = runtime.block_on(async {
        outlive_file_limits();
        let door = bind(&config)?;
        let mut asked = std::pin::pin!(asked_to_stop());
        let Some(running) = porch::start(&config, profiles, &door, asked.as_mut()).await? else {
            return Ok(());
        };
        tokio::select! {
            () = running.stopped() => {}
            () = asked => {}
        }
        tracing::info!("stopping");
        running.stop().await;
        Ok(())
    });
    runtime.shutdown_timeout(THREADS_END_MAX);
    ran
}

/// The runtime of the service.
pub fn runtime() -> Result<tokio::runtime::Runtime, AppError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_MAX)
        .enable_all()
        .build()
        .map_err(|source| AppError::Machine {
            doing: "start threads",
            source,
        })
}

/// Says where the service listens: the first line on stdout, which others wait for.
#[expect(clippy::print_stdout, reason = "the contract wants it on stdout")]
pub fn announce(address: SocketAddr, fingerprint: Option<&str>) {
    println!("listening on http://{address}");
    if let Some(fingerprint) = fingerprint {
        println!("from elsewhere by https, with the certificate SHA-256 {fingerprint}");
    }
}

/// Brings everything up. Profiles of one's own lie in `profiles`.
pub async fn start(config: Config, profiles: &Path) -> Result<Running, AppError> {
    let door = bind(&config)?;
    begin(config, profiles, &door, || ()).await
}

/// Brings everything up behind a door; `clear` makes way there.
async fn begin(
    config: Config,
    profiles: &Path,
    door: &std::net::TcpListener,
    clear: impl FnOnce(),
) -> Result<Running, AppError> {
    let dir = paths::data_dir(&config);
    let store = open_store(&dir, &config)?;
    let install_id = install_id(&store).await?;
    let cli_key = secret::make_cli_key(&dir)?;
    let address = say_where(door, &dir)?;
    let encryption = Encryption::of(&config, dir.clone())?;
    let config = Arc::new(config);
    let house = house_of(&config, &store).await?;
    let mut bring_up = BringUp {
        board: Board::default(),
        lanes: Bell::default(),
        catalog: Bell::default(),
        installed: Bell::default(),
        stop: CancellationToken::new(),
        tasks: JoinSet::new(),
    };
    let destinations = Arc::new(parts::destinations(&config, &house, &install_id)?);
    mind_the_clock(&store, &destinations).await?;
    bring_up.recovery(&config, &store, &dir);
    bring_up.lanes(&config, &destinations, &store);
    bring_up.housekeeping(&config, &store, &dir);
    bring_up.hours(&config, &house, &store);
    let active = Arc::new(Active::open(&dir.join(CATALOG_FOLDER)));
    let refreshes = bring_up.refresh(&config, &active, &store)?;
    bring_up.price_files(profiled::price_files(&config, &dir, profiles)?, &active);
    let desk = Desk::new(
        store.clone(),
        bring_up.lanes.clone(),
        house.clone(),
        house::routes(&config),
        config.listen.require_token,
    );
    let desk = Arc::new(desk);
    bring_up.inboxes(profiled::inboxes(&config, &house, profiles)?, &desk, &store);
    let read_backs = ReadBacks::default();
    let days = bring_up.evening(&config, &house, &dir, &destinations, &store, &read_backs);
    let api = Api::new(Parts {
        store: store.clone(),
        desk,
        board: bring_up.board.clone(),
        catalog: config.catalog.is_some().then_some(active),
        config: Arc::clone(&config),
        house,
        cli_key,
        read_backs,
        days,
        refreshes,
        stop: bring_up.stop.clone(),
    });
    back_before_the_door(&store).await;
    let listener = listener(door)?;
    clear();
    let fingerprint = encryption.as_ref().map(|one| one.fingerprint());
    let (stop, tasks) = bring_up.let_in(&api, listener, encryption);
    tracing::info!(address = %address, "started");
    Ok(Running {
        address,
        fingerprint,
        store,
        stop,
        tasks,
    })
}

/// A clock that was set while the agent did not run ends nobody's patience.
async fn mind_the_clock(store: &Store, destinations: &Destinations) -> Result<(), StoreError> {
    let names: Vec<String> = destinations.iter().map(|(name, _)| name.clone()).collect();
    let moved = move |writer: &_| lane::move_waits_over_a_stop(writer, &names, now());
    store.write(moved).await
}

/// The house, with how its tills have numbered until now; this start may change it from a business date on. What waits
/// for a later reader is read again under its terms.
async fn house_of(config: &Config, store: &Store) -> Result<House, AppError> {
    let house =
        House::of(config).ok_or_else(|| AppError::Config("the store's code is none".to_owned()))?;
    let (tills, today) = (config.tills.clone(), house.business_date(now()));
    let keep = move |writer: &_| numbers::keep(writer, &tills, today);
    let kept = store.write(keep).await?;
    let house = house.numbering_as(&kept);
    read_again(store, &house).await?;
    Ok(house)
}

/// Waits a moment for what comes back of a damaged outbox.
async fn back_before_the_door(store: &Store) {
    let mut patience = BACK_BEFORE_THE_DOOR;
    while store.is_coming_back() && !patience.is_zero() {
        tokio::time::sleep(LOOK_EVERY).await;
        patience = patience.saturating_sub(LOOK_EVERY);
    }
}

/// Reads again what an earlier version of this program could not read.
async fn read_again(store: &Store, house: &House) -> Result<(), StoreError> {
    let (terms, mut after) = (house.terms(now()), Some(0));
    while let Some(from) = after {
        let terms = terms.clone();
        let work = move |writer: &_| reread::reread(writer, from, &terms, terms.received_at);
        let done = store.write(work).await?;
        if done.read > 0 {
            tracing::info!(
                count = done.read,
                "documents of a later schema were read again"
            );
        }
        after = done.next;
    }
    Ok(())
}

/// Opens the outbox; a damaged one is set aside for a new one.
fn open_store(dir: &Path, config: &Config) -> Result<Store, AppError> {
    if failpoint::weak_sync() && config.store.environment != Environment::Test {
        let message = "TILLPOST_WEAK_SYNC is for tests: unset it";
        return Err(AppError::Config(message.to_owned()));
    }
    Ok(Store::open_or_begin_anew(dir, now)?)
}

/// Takes the address. Nobody is let in yet.
fn bind(config: &Config) -> Result<std::net::TcpListener, AppError> {
    let address = config.listen.socket();
    let bound = std::net::TcpListener::bind(address);
    let listening = bound.and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listening.map_err(|source| AppError::Listen { address, source })
}

/// Somebody who lets in at this door.
fn listener(door: &std::net::TcpListener) -> Result<TcpListener, AppError> {
    door.try_clone()
        .and_then(TcpListener::from_std)
        .map_err(machine("open the door"))
}

fn address_of(door: &std::net::TcpListener) -> Result<SocketAddr, AppError> {
    door.local_addr().map_err(machine("say where it listens"))
}

/// Writes down where the door is: with port 0 the command line could not know.
fn say_where(door: &std::net::TcpListener, dir: &Path) -> Result<SocketAddr, AppError> {
    let address = door.local_addr().map_err(machine("say where it listens"))?;
    paths::write_whole(&paths::address_file(dir), format!("{address}\n").as_bytes())
        .map_err(machine("write where it listens"))?;
    Ok(address)
}

fn machine(doing: &'static str) -> impl Fn(std::io::Error) -> AppError {
    move |source| AppError::Machine { doing, source }
}

/// The installation's own id: made once, kept in the outbox, part of the names of the files it writes.
async fn install_id(store: &Store) -> Result<String, StoreError> {
    const NAME: &str = "install_id";
    store
        .write(|writer| {
            if let Some(known) = tills::setting(writer, NAME)? {
                return Ok(known);
            }
            let fresh = secret::new_install_id();
            tills::set_setting(writer, NAME, &fresh)?;
            Ok(fresh)
        })
        .await
}

/// A file at its size limit is an error like a full disk, not the end of the process: a signal that is listened to
/// does not kill.
fn outlive_file_limits() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        /// SIGXFSZ, the same number on Linux and macOS.
        const FILE_SIZE_LIMIT: i32 = 25;
        if let Err(error) = signal(SignalKind::from_raw(FILE_SIZE_LIMIT)) {
            tracing::warn!(error = %error, "a file size limit would end the service");
        }
    }
}

/// Ends when the service manager or a person asks the program to stop.
pub async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
