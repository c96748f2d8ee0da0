//! Price files on a real disk: what a till that reads each of them in turn ends up with is what the catalog says,
//! whatever happens in between.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tillpost_shared::catalog::revision_of;
use tillpost_shared::profile::outward::shipped;

use super::*;
use crate::catalog::{Active, Shrinking, Snapshot};

struct Place {
    dir: tempfile::TempDir,
    active: Active,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let active = Active::open(&dir.path().join("catalog"));
        Self { dir, active }
    }

    fn settings(&self, profile: &str, content: Content) -> Settings {
        let path = self.dir.path().join("prices.csv");
        Settings {
            outward: Outward::read(shipped::text(profile).unwrap()).unwrap(),
            content,
            trigger: Some(path.with_file_name("prices.csv.ok")),
            zone: TimeZone::UTC,
            tenders: vec![("CASH".to_owned(), "Cash".to_owned())],
            notes: self.dir.path().join("notes/prices"),
            path,
        }
    }

    fn install(&self, products: &[(usize, i64)]) {
        let products: Vec<Product> = products
            .iter()
            .map(|(n, cents)| {
                let text = format!(
                    "{{\"sku\":\"S{n}\",\"name\":\"Łakocie {n}\",\"barcodes\":[\"{n}\"],\"price\":{{\"amount\":\"{}.{:02}\",\"currency\":\"CHF\",\"tax_included\":true}}}}",
                    cents / 100,
                    cents % 100
                );
                serde_json::from_str(&text).unwrap()
            })
            .collect();
        let snapshot = Snapshot {
            revision: revision_of(&products).unwrap(),
            taken_at: now(),
            products,
            notes: Vec::new(),
        };
        self.active.install(&snapshot, Shrinking::Allowed).unwrap();
    }

    fn write(&self, settings: &Settings) -> Written {
        write(settings, &self.active.file().unwrap(), now()).unwrap()
    }

    fn read(&self) -> Option<String> {
        let bytes = fs::read(self.dir.path().join("prices.csv")).ok()?;
        Some(encoding_rs::WINDOWS_1252.decode(&bytes).0.into_owned())
    }
}

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

#[test]
fn a_whole_file_is_written_when_it_is_another_one() {
    let place = Place::new();
    let settings = place.settings("products_eu", Content::Full);
    place.install(&[(1, 490), (2, 1000)]);
    let written = place.write(&settings);
    assert!(written.new && written.rows == 2 && written.left_count == 0);
    assert_eq!(
        written.lacking,
        BTreeMap::from([('Ł', (2, "S1".to_owned()))])
    );
    assert_eq!(
        place.read().unwrap(),
        "Artikel;EAN;Bezeichnung;Preis;MwSt%;Neuer Preis;gültig ab;Kz\r\n\
         S1;1;?akocie 1;4,90;;;;N\r\nS2;2;?akocie 2;10,00;;;;N\r\n"
    );
    // The till takes it away: the same is not written again, also after a restart.
    fs::remove_file(&settings.path).unwrap();
    let trigger = settings.trigger.clone().unwrap();
    fs::remove_file(&trigger).unwrap();
    assert!(
        !place
            .write(&place.settings("products_eu", Content::Full))
            .new
    );
    assert!(place.read().is_none() && !trigger.exists());
    place.install(&[(1, 500), (2, 1000)]);
    assert!(place.write(&settings).new);
    assert!(place.read().unwrap().contains("5,00") && trigger.exists());
    let left = fs::read_dir(place.dir.path()).unwrap().count();
    assert_eq!(
        left, 4,
        "nothing half is left: catalog, notes, file, trigger"
    );
}

#[test]
fn what_does_not_fit_is_told_and_left_out() {
    let place = Place::new();
    let mut settings = place.settings("products_fixed", Content::Changes);
    settings.outward.columns[2].len = Some(4);
    place.install(&[(1, 490), (2, 123_456)]);
    let written = place.write(&settings);
    assert_eq!((written.rows, written.left_count), (1, 1));
    assert_eq!(written.left[0].key, "S2\n2");
}

#[test]
fn a_folder_that_is_not_there_is_told_and_nothing_is_noted() {
    let place = Place::new();
    let mut settings = place.settings("products_eu", Content::Changes);
    settings.path = place.dir.path().join("share/prices.csv");
    place.install(&[(1, 490)]);
    let error = write(&settings, &place.active.file().unwrap(), now()).unwrap_err();
    assert!(error.to_string().contains("share"), "{error}");
    fs::create_dir(place.dir.path().join("share")).unwrap();
    assert!(place.write(&settings).new);
}

/// A till of old: what it knows, changed by the files it reads.
#[derive(Debug, Default)]
struct Till(BTreeMap<String, String>);

impl Till {
    fn reads(&mut self, text: &str) {
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(';').collect();
            match cells[7] {
                "L" => drop(self.0.remove(cells[0])),
                "N" | "A" => drop(self.0.insert(cells[0].to_owned(), cells[3].to_owned())),
                other => panic!("{other}"),
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Install(Vec<(usize, i64)>),
    /// The till reads the file and takes it away.
    Take,
    /// It had opened the file before the next one was written, and then removes that one unread.
    TakeOld,
    /// The program was stopped before the notes were written.
    Crash(Vec<(usize, i64)>),
}

fn step() -> impl Strategy<Value = Step> {
    let products = || {
        let some = prop::collection::btree_map(1..6_usize, 1..4_i64, 1..5);
        some.prop_map(|map| map.into_iter().collect::<Vec<_>>())
    };
    prop_oneof![
        3 => products().prop_map(Step::Install),
        2 => Just(Step::Take),
        1 => Just(Step::TakeOld),
        1 => products().prop_map(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_till_that_reads_every_file_has_what_the_catalog_says(steps in prop::collection::vec(step(), 1..12)) {
        let place = Place::new();
        let settings = place.settings("products_eu", Content::Changes);
        let mut till = Till::default();
        let mut old: Option<String> = None;
        let mut wanted = BTreeMap::new();
        let notes = place.dir.path().join("notes");
        let install = |products: &[(usize, i64)], wanted: &mut BTreeMap<String, String>| {
            place.install(products);
            *wanted = products.iter().map(|(n, cents)| (format!("S{n}"), format!("0,{cents:02}"))).collect();
        };
        for step in steps.into_iter().chain([Step::Take]) {
            match step {
                Step::Install(products) => {
                    install(&products, &mut wanted);
                    old = place.read();
                    place.write(&settings);
                }
                Step::Crash(products) => {
                    install(&products, &mut wanted);
                    let kept: Vec<_> = fs::read_dir(&notes).into_iter().flatten().map(|entry| {
                        let path = entry.unwrap().path();
                        (path.clone(), fs::read(path).unwrap())
                    }).collect();
                    old = place.read();
                    place.write(&settings);
                    let _ = fs::remove_dir_all(&notes);
                    if !kept.is_empty() {
                        fs::create_dir_all(&notes).unwrap();
                    }
                    for (path, bytes) in kept {
                        fs::write(path, bytes).unwrap();
                    }
                    place.write(&settings);
                }
                Step::TakeOld => if let Some(old) = old.take() && place.read().is_some() {
                    till.reads(&old);
                    fs::remove_file(&settings.path).unwrap();
                    if again(&settings) {
                        place.write(&settings);
                    }
                },
                Step::Take => while let Some(text) = place.read() {
                    till.reads(&text);
                    fs::remove_file(&settings.path).unwrap();
                    old = None;
                    if again(&settings) {
                        place.write(&settings);
                    }
                },
            }
        }
        prop_assert_eq!(till.0, wanted);
    }
}
