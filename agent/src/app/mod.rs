//! The story of a start, and the only file that knows all parts: open what is durable, bring up the loops, then the
//! door for the tills. Stopping is the same backwards: the door first, the disk last.

pub mod parts;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use tillpost_shared::config::Config;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::activity::{Bell, Board, now};
use crate::catalog::{self, Active};
use crate::delivery::Lane;
use crate::destination::Any;
use crate::evening::Evening;
use crate::intake::desk::Desk;
use crate::intake::errand::Errands;
use crate::intake::house::{self, House};
use crate::intake::http::{self, Api, Parts, Routes};
use crate::store::proof::ReadBacks;
use crate::store::{Store, StoreError, reread, tills};
use crate::update::Refresh;
use crate::update::tally::Tally;
use crate::{paths, secret};

/// Threads that answer tills and talk to destinations; files and SQLite have threads of their own.
const WORKERS: usize = 2;
/// Threads for files and SQLite at one time; more work waits its turn, so that many questions at once stay small.
const BLOCKING_MAX: usize = 16;
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
pub fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// What the loops share while they are brought up.
struct BringUp {
    board: Board,
    lanes: Bell,
    catalog: Bell,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl BringUp {
    /// A lane for each destination.
    fn lanes(&mut self, destinations: &Destinations, store: &Store) {
        for (name, destination) in destinations {
            let lane = Lane {
                name: name.clone(),
                destination: Arc::clone(destination),
                store: store.clone(),
                ear: self.lanes.listen(),
                board: self.board.clone(),
                stop: self.stop.clone(),
            };
            self.tasks.spawn(lane.run());
        }
    }

    /// The loop that keeps prices fresh, where a source is configured.
    fn refresh(
        &mut self,
        config: &Config,
        active: &Arc<Active>,
        store: &Store,
    ) -> Result<Errands<()>, AppError> {
        let (errands, asked) = Errands::new();
        let Some(catalog) = &config.catalog else {
            return Ok(errands);
        };
        let code = config.store.code.clone();
        let tally = Arc::new(Tally::new(
            store.clone(),
            Arc::clone(active),
            code.clone(),
            parts::stock_tellers(catalog, config),
        ));
        self.tasks
            .spawn(Arc::clone(&tally).run(self.lanes.listen(), self.stop.clone()));
        let refresh = Refresh {
            source: parts::source(catalog, config)?,
            active: Arc::clone(active),
            store_code: code,
            tally,
            every: catalog.refresh_every(),
            store: store.clone(),
            board: self.board.clone(),
            ear: self.catalog.listen(),
            errands: asked,
            lanes: self.lanes.clone(),
            stop: self.stop.clone(),
        };
        if let Some(path) = &catalog.path {
            let watch =
                ring_on_change(PathBuf::from(path), self.catalog.clone(), self.stop.clone());
            self.tasks.spawn(watch);
        }
        self.tasks.spawn(refresh.run());
        Ok(errands)
    }

    /// The loop that reads back for the proof.
    fn evening(
        &mut self,
        destinations: &Arc<Destinations>,
        store: &Store,
        read_backs: &ReadBacks,
    ) -> Errands<Date> {
        let (errands, asked) = Errands::new();
        let evening = Evening {
            errands: asked,
            destinations: Arc::clone(destinations),
            store: store.clone(),
            read_backs: read_backs.clone(),
            stop: self.stop.clone(),
        };
        self.tasks.spawn(evening.run());
        errands
    }
}

/// Brings everything up.
pub async fn start(config: Config) -> Result<Running, AppError> {
    let dir = paths::data_dir(&config);
    let store = Store::open(&dir)?;
    let install_id = install_id(&store).await?;
    let cli_key = secret::make_cli_key(&dir)?;
    let config = Arc::new(config);
    let house = House::of(&config)
        .ok_or_else(|| AppError::Config("the store's code is none".to_owned()))?;
    read_again(&store, &house).await?;
    let mut bring_up = BringUp {
        board: Board::default(),
        lanes: Bell::default(),
        catalog: Bell::default(),
        stop: CancellationToken::new(),
        tasks: JoinSet::new(),
    };
    let destinations = Arc::new(parts::destinations(&config, &house, &install_id)?);
    bring_up.lanes(&destinations, &store);
    let active = Arc::new(Active::open(&dir.join(CATALOG_FOLDER)));
    let refreshes = bring_up.refresh(&config, &active, &store)?;
    let desk = Desk::new(
        store.clone(),
        bring_up.lanes.clone(),
        house.clone(),
        house::routes(&config),
        config.listen.require_token,
    );
    let read_backs = ReadBacks::default();
    let days = bring_up.evening(&destinations, &store, &read_backs);
    let api = Api::new(Parts {
        store: store.clone(),
        desk: Arc::new(desk),
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
    let listener = listen(&config, &dir).await?;
    let address = listener
        .local_addr()
        .map_err(machine("say where it listens"))?;
    let BringUp {
        stop, mut tasks, ..
    } = bring_up;
    let (router, door) = (Routes::all().router(&api), stop.clone());
    tasks.spawn(async move {
        if let Err(error) = http::serve(listener, router, door).await {
            tracing::error!(error = %error, "the API ended");
        }
    });
    tracing::info!(address = %address, "started");
    Ok(Running {
        address,
        store,
        stop,
        tasks,
    })
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

/// Opens the door, and writes down where it is: with port 0 the command line could not know.
async fn listen(config: &Config, dir: &Path) -> Result<TcpListener, AppError> {
    let wanted = config.listen.socket();
    let listener = TcpListener::bind(wanted)
        .await
        .map_err(|source| AppError::Listen {
            address: wanted,
            source,
        })?;
    let address = listener
        .local_addr()
        .map_err(machine("say where it listens"))?;
    std::fs::write(paths::address_file(dir), format!("{address}\n"))
        .map_err(machine("write where it listens"))?;
    Ok(listener)
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
