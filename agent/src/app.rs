//! The story of a start, and the only file that knows all parts: open what is durable, bring up the loops, then the
//! door for the tills. Stopping is the same backwards: the door first, the disk last.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tillpost_shared::config::{self, CatalogSourceType, Config, DestinationType};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::activity::{Bell, Board, now};
use crate::catalog::{self, Active, Source};
use crate::delivery::Lane;
use crate::destination::folder::Folder;
use crate::destination::odoo::Odoo;
use crate::destination::{self, Any};
use crate::store::accept::{Route, Routes};
use crate::store::{Store, StoreError, tills};
use crate::update::Refresh;
use crate::{paths, secret};

/// Threads that answer tills and talk to destinations; files and SQLite have threads of their own.
const WORKERS: usize = 2;
/// The folder of catalogs in the data folder.
const CATALOG_FOLDER: &str = "catalog";
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
    /// Its outbox.
    pub store: Store,
    /// Its destinations, by name.
    pub destinations: Arc<Destinations>,
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
pub fn run(config: Config) -> Result<(), AppError> {
    runtime()?.block_on(async {
        let running = start(config).await?;
        announce(running.address);
        tokio::select! {
            () = running.stopped() => {}
            () = asked_to_stop() => {}
        }
        tracing::info!("stopping");
        running.stop().await;
        Ok(())
    })
}

/// The runtime of the service.
pub fn runtime() -> Result<tokio::runtime::Runtime, AppError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|source| AppError::Machine {
            doing: "start threads",
            source,
        })
}

/// Says where the service listens: the first line on stdout, which others wait for.
#[expect(clippy::print_stdout, reason = "the contract wants it on stdout")]
pub fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// Brings everything up.
pub async fn start(config: Config) -> Result<Running, AppError> {
    let dir = paths::data_dir(&config);
    let store = Store::open(&dir)?;
    let install_id = install_id(&store).await?;
    let cli_key = secret::make_cli_key(&dir)?;
    let (board, lanes_bell, catalog_bell) = (Board::default(), Bell::default(), Bell::default());
    let stop = CancellationToken::new();
    let active = Arc::new(Active::open(&dir.join(CATALOG_FOLDER)));
    let destinations = Arc::new(destinations(&config, &install_id)?);
    let mut tasks = JoinSet::new();
    for (name, destination) in destinations.iter() {
        let lane = Lane {
            name: name.clone(),
            destination: Arc::clone(destination),
            store: store.clone(),
            ear: lanes_bell.listen(),
            board: board.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(lane.run());
    }
    if let Some(catalog) = &config.catalog {
        let refresh = Refresh {
            source: source(catalog, &config)?,
            active: Arc::clone(&active),
            every: catalog.refresh_every(),
            store: store.clone(),
            board: board.clone(),
            ear: catalog_bell.listen(),
            lanes: lanes_bell.clone(),
            stop: stop.clone(),
        };
        if let Some(path) = &catalog.path {
            tasks.spawn(ring_on_change(PathBuf::from(path), catalog_bell.clone(), stop.clone()));
        }
        tasks.spawn(refresh.run());
    }
    todo_api()
}

/// The installation's own id: made once, kept in the outbox, part of the names of the files it writes.
async fn install_id(store: &Store) -> Result<String, StoreError> {
    const NAME: &str = "install_id";
    store
        .write(|writer| {
            if let Some(known) = tills::setting(writer, NAME)? {
                return Ok(known);
            }
            let fresh = uuid::Uuid::new_v4().simple().to_string();
            tills::set_setting(writer, NAME, &fresh)?;
            Ok(fresh)
        })
        .await
}

fn destinations(config: &Config, install_id: &str) -> Result<Destinations, AppError> {
    let build = |destination: &config::Destination| {
        let any = match destination.kind {
            DestinationType::Folder => {
                let path = destination.path.clone().unwrap_or_default();
                Any::Folder(Folder::new(path, &config.store.code, install_id))
            }
            DestinationType::Odoo => Any::Odoo(Box::new(odoo(destination, config)?)),
            DestinationType::Http | DestinationType::Nats => {
                let message = format!("destination {}: this type is not built yet", destination.name);
                return Err(AppError::Config(message));
            }
        };
        Ok((destination.name.clone(), Arc::new(any)))
    };
    config.destinations.iter().map(build).collect()
}

/// A connection to the Odoo of a destination.
pub fn odoo(destination: &config::Destination, config: &Config) -> Result<Odoo, AppError> {
    let missing = || AppError::Config(format!("destination {}: secret is missing", destination.name));
    let secret = secret::read(destination.secret.as_ref().ok_or_else(missing)?)?;
    let http = destination::line::client()
        .map_err(|error| AppError::Config(format!("no HTTP client can be made: {error}")))?;
    Ok(Odoo::new(destination, &config.store, secret.expose().to_owned(), http))
}

/// Rings when a file in a watched folder changed. Where events do not come (network shares) the period does.
async fn ring_on_change(path: PathBuf, bell: Bell, stop: CancellationToken) {
    let mut watch = match catalog::folder::watch(&path) {
        Ok(watch) => watch,
        Err(error) => {
            tracing::warn!(path = %path.display(), error = %error, "the folder cannot be watched; it is looked at now and then");
            return;
        }
    };
    loop {
        tokio::select! {
            changed = watch.changed.recv() => match changed {
                Some(()) => bell.ring(),
                None => return,
            },
            () = stop.cancelled() => return,
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
