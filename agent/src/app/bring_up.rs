//! The loops, each brought up with what it needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Date;
use tillpost_shared::config::Config;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{AppError, Destinations, parts};
use crate::activity::{Bell, Board};
use crate::catalog::price_file::Settings as PriceFile;
use crate::catalog::{self, Active};
use crate::delivery::Lane;
use crate::evening::Evening;
use crate::hours::{ByHours, Hours};
use crate::housekeeping::Housekeeping;
use crate::intake::desk::Desk;
use crate::intake::errand::{Errands, Refreshes};
use crate::intake::house::{self, House};
use crate::intake::http::tls::Encryption;
use crate::intake::http::{self, Api, Routes as Paths};
use crate::intake::inbox::{Inbox, Settings};
use crate::price_files::PriceFiles;
use crate::recovery::Recovery;
use crate::status::alerts;
use crate::store::Store;
use crate::store::accept::{Route, Routes};
use crate::store::proof::ReadBacks;
use crate::store::windows::windows_of;
use crate::update::Refresh;
use crate::update::tally::Tally;

/// What the loops share while they are brought up.
pub(super) struct BringUp {
    pub(super) board: Board,
    pub(super) lanes: Bell,
    pub(super) catalog: Bell,
    pub(super) installed: Bell,
    pub(super) stop: CancellationToken,
    pub(super) tasks: JoinSet<()>,
}

impl BringUp {
    /// The loop that brings back what can be read of a damaged outbox.
    pub(super) fn recovery(&mut self, config: &Config, store: &Store, dir: &Path) {
        let recovery = Recovery {
            store: store.clone(),
            dir: dir.to_owned(),
            routes: house::routes(config),
            lanes: self.lanes.clone(),
            board: self.board.clone(),
            stop: self.stop.clone(),
        };
        self.tasks.spawn(recovery.run());
    }

    /// A lane for each destination.
    pub(super) fn lanes(&mut self, config: &Config, destinations: &Destinations, store: &Store) {
        let mut windows = windows_of(config);
        for (name, destination) in destinations {
            let lane = Lane {
                name: name.clone(),
                destination: Arc::clone(destination),
                bulk: windows.remove(name).flatten().map(Arc::new),
                store: store.clone(),
                ear: self.lanes.listen(),
                board: self.board.clone(),
                stop: self.stop.clone(),
            };
            self.tasks.spawn(lane.run());
        }
    }

    /// The loop that keeps prices fresh, where a source is configured.
    pub(super) fn refresh(
        &mut self,
        config: &Config,
        active: &Arc<Active>,
        store: &Store,
    ) -> Result<Refreshes, AppError> {
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
            installed: self.installed.clone(),
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

    /// The loop that writes prices for tills that read files.
    pub(super) fn price_files(&mut self, files: Vec<PriceFile>, active: &Arc<Active>) {
        if files.is_empty() {
            return;
        }
        let price_files = PriceFiles {
            files: files.into_iter().map(Arc::new).collect(),
            active: Arc::clone(active),
            board: self.board.clone(),
            ear: self.installed.listen(),
            stop: self.stop.clone(),
        };
        self.tasks.spawn(price_files.run());
    }

    /// The loop that opens and closes tills' days by hours, where a destination has some.
    pub(super) fn hours(&mut self, config: &Config, house: &House, store: &Store) {
        let mut destinations = config.destinations.iter();
        let with_hours = destinations.find_map(|one| Some((&one.name, one.sessions.as_ref()?)));
        let Some((destination, hours)) = with_hours else {
            return;
        };
        let only_there = Routes(vec![Route {
            destination: destination.clone(),
            kinds: None,
        }]);
        let (lanes, any_till) = (self.lanes.clone(), false);
        let by_hours = ByHours {
            desk: Desk::new(store.clone(), lanes, house.clone(), only_there, any_till),
            house: house.clone(),
            hours: Hours {
                opens: hours.opens(),
                closes: hours.closes(),
                zone: house.zone.clone(),
                cutoff: house.day_cutoff,
            },
            tills: config.tills.clone(),
            store: store.clone(),
            stop: self.stop.clone(),
        };
        self.tasks.spawn(by_hours.run());
    }

    /// The loop that looks after the disk.
    pub(super) fn housekeeping(&mut self, config: &Config, store: &Store, dir: &Path) {
        let housekeeping = Housekeeping {
            store: store.clone(),
            dir: dir.to_owned(),
            zone: config.store.zone().clone(),
            keep: SignedDuration::from_hours(24 * i64::from(config.data.keep_days)),
            board: self.board.clone(),
            stop: self.stop.clone(),
        };
        self.tasks.spawn(housekeeping.run());
    }

    /// A loop for each drop folder.
    pub(super) fn inboxes(&mut self, inboxes: Vec<Settings>, desk: &Arc<Desk>, store: &Store) {
        for settings in inboxes {
            let inbox = Inbox {
                settings: Arc::new(settings),
                desk: Arc::clone(desk),
                store: store.clone(),
                board: self.board.clone(),
                stop: self.stop.clone(),
            };
            self.tasks.spawn(inbox.run());
        }
    }

    /// The door for the tills, last; answers what ends everything, and what runs.
    pub(super) fn let_in(
        mut self,
        api: &Arc<Api>,
        listener: TcpListener,
        encryption: Option<Arc<Encryption>>,
    ) -> (CancellationToken, JoinSet<()>) {
        self.tasks.spawn(alerts::run(Arc::clone(api)));
        if let Some(encryption) = &encryption {
            let following = Arc::clone(encryption).follow(self.stop.clone());
            self.tasks.spawn(following);
        }
        let (router, door) = (Paths::all().router(api), self.stop.clone());
        self.tasks.spawn(async move {
            if let Err(error) = http::serve(listener, router, encryption, door).await {
                tracing::error!(error = %error, "the API ended");
            }
        });
        (self.stop, self.tasks)
    }

    /// The loop that reads back for the proof.
    pub(super) fn evening(
        &mut self,
        config: &Config,
        house: &House,
        dir: &Path,
        destinations: &Arc<Destinations>,
        store: &Store,
        read_backs: &ReadBacks,
    ) -> Errands<Date> {
        let (errands, asked) = Errands::new();
        let evening = Evening {
            house: house.clone(),
            currency: config.store.currency.clone(),
            dir: dir.to_owned(),
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
