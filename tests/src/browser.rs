//! A real browser: Debian's chromium, driven through chromedriver. What it loads, what it complains of and how it looks
//! is kept, so that a test can say that nothing came from elsewhere and nothing went wrong.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::{By, Capabilities, Key, WebDriver, WebElement};
use tokio::runtime::Runtime;

use crate::{http, wait};

/// How large the window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// In the back office.
    Desktop,
    /// In the manager's hand.
    Phone,
}

/// A browser with one window; ends when dropped.
pub struct Browser {
    driver: WebDriver,
    runtime: Runtime,
    process: Child,
    screens: PathBuf,
    name: String,
    shots: usize,
}

/// How long an element may take to appear before it counts as missing.
const APPEAR_MAX: Duration = Duration::from_secs(60);
/// Tabs until something must have had the focus.
const TABS_MAX: usize = 80;

impl Browser {
    /// Opens a browser that asks for a language; its screenshots are called `name`.
    pub fn open(name: &str, language: &str, screen: Screen) -> Self {
        // What thirtyfour speaks HTTP with wants a TLS provider, even for loopback.
        drop(http::client());
        let (process, port) = start_driver();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let wanted = capabilities(language, screen);
        let opened = runtime.block_on(WebDriver::new(format!("http://127.0.0.1:{port}"), wanted));
        let screens = cache().join("browser/screens");
        std::fs::create_dir_all(&screens).unwrap();
        Self {
            driver: opened.unwrap_or_else(|error| panic!("chromium does not start: {error}")),
            runtime,
            process,
            screens,
            name: name.to_owned(),
            shots: 0,
        }
    }

    /// Opens a page.
    pub fn go(&self, url: &str) {
        self.runtime.block_on(self.driver.goto(url)).unwrap();
    }

    /// Where it is, without the host.
    pub fn path(&self) -> String {
        let url = self.runtime.block_on(self.driver.current_url()).unwrap();
        url.path().to_owned()
    }

    /// The text of the first element that fits a CSS selector; waits until there is one.
    pub fn text(&self, selector: &str) -> String {
        let element = self.find(By::Css(selector.to_owned()));
        self.runtime.block_on(element.text()).unwrap()
    }

    /// Waits until an element shows this text.
    pub fn wait_text(&self, selector: &str, text: &str) {
        let seen = || -> Option<String> {
            let found = self.run(&format!(
                "return document.querySelector({selector:?})?.innerText ?? ''"
            ));
            found.as_str().map(str::to_owned)
        };
        wait::within(wait::HANG, &format!("{selector} shows {text}"), || {
            seen().filter(|seen| seen.contains(text))
        });
    }

    /// Clicks the first link, button, summary or label with this text; again when the page was just being renewed.
    pub fn click(&self, text: &str) {
        wait::within(APPEAR_MAX, &format!("a click on {text}"), || {
            let element = self.find(with_text(text));
            self.runtime.block_on(element.click()).ok()
        });
    }

    /// Types into the field of this id.
    pub fn fill(&self, id: &str, text: &str) {
        let field = self.find(By::Id(id.to_owned()));
        self.runtime.block_on(field.send_keys(text)).unwrap();
    }

    /// Presses a key where the focus is.
    pub fn press(&self, key: Key) {
        let chain = self.driver.action_chain().send_keys(key);
        self.runtime.block_on(chain.perform()).unwrap();
    }

    /// Types where the focus is.
    pub fn type_there(&self, text: &str) {
        let chain = self.driver.action_chain().send_keys(text);
        self.runtime.block_on(chain.perform()).unwrap();
    }

    /// Tabs on until something with this text, or this id, has the focus, and sees that the focus shows.
    pub fn tab_to(&self, wanted: &str) {
        let at = "const a = document.activeElement; const s = getComputedStyle(a); \
            return [a.innerText ?? '', a.id, s.outlineStyle]";
        for _ in 0..TABS_MAX {
            let at = self.run(at);
            if at[0].as_str().is_some_and(|text| text.trim() == wanted) || at[1] == wanted {
                assert_ne!(at[2], "none", "the focus on {wanted} cannot be seen");
                return;
            }
            self.press(Key::Tab);
        }
        panic!("no Tab leads to {wanted}");
    }

    /// Runs a script in the page.
    pub fn run(&self, script: &str) -> Value {
        let ran = self
            .runtime
            .block_on(self.driver.execute(script, Vec::new()));
        ran.unwrap_or_else(|error| panic!("{script}: {error}"))
            .json()
            .clone()
    }

    /// Keeps how the window looks, as a file.
    pub fn keep(&mut self, what: &str) {
        self.shots += 1;
        let file = self
            .screens
            .join(format!("{}-{}-{what}.png", self.name, self.shots));
        self.runtime
            .block_on(self.driver.screenshot(&file))
            .unwrap();
    }

    /// What axe-core finds against WCAG 2.2 AA on the page as it is: rule and the first places.
    pub fn axe(&self) -> Vec<String> {
        let source = std::fs::read_to_string(axe()).unwrap();
        self.runtime
            .block_on(self.driver.execute(source, Vec::new()))
            .unwrap();
        let script = "const done = arguments[0]; \
            axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }) \
            .then((found) => done(found.violations.map((one) => one.id + ': ' + one.nodes.slice(0, 3).map((n) => n.html).join(' | '))), \
            (error) => done(['axe failed: ' + error]))";
        let found = self
            .runtime
            .block_on(self.driver.execute_async(script, Vec::new()))
            .unwrap();
        let found = found
            .json()
            .as_array()
            .cloned()
            .expect("a list of violations");
        found
            .iter()
            .map(|one| one.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Whether the page is wider than its window, by more than a rounding.
    pub fn too_wide(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > window.innerWidth + 1";
        self.run(script) == true
    }

    /// What the console complained of since the last look.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.runtime.block_on(self.driver.browser_log()).unwrap();
        let severe = entries
            .into_iter()
            .filter(|entry| ["SEVERE", "WARNING"].contains(&entry.level.as_str()));
        severe.map(|entry| entry.message).collect()
    }

    /// The addresses that were asked for since the last look.
    pub fn asked_for(&self) -> Vec<String> {
        let entries = self
            .runtime
            .block_on(self.driver.get_log("performance"))
            .unwrap();
        let urls = entries.iter().filter_map(|entry| {
            let event: Value = serde_json::from_str(&entry.message).ok()?;
            let event = &event["message"];
            (event["method"] == "Network.requestWillBeSent").then(|| {
                event["params"]["request"]["url"]
                    .as_str()
                    .map(str::to_owned)
            })?
        });
        urls.collect()
    }

    fn find(&self, by: By) -> WebElement {
        let what = format!("{by:?}");
        wait::within(APPEAR_MAX, &what, || {
            let found = self.runtime.block_on(self.driver.find(by.clone()));
            found.ok()
        })
    }
}

fn with_text(text: &str) -> By {
    let tags = ["a", "button", "summary", "label"];
    let tags: Vec<String> = tags
        .iter()
        .map(|tag| format!("//{tag}[normalize-space(.)={text:?}]"))
        .collect();
    By::XPath(tags.join(" | "))
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep("failed");
        }
        // The driver ends its browser with itself.
        let _ = self.runtime.block_on(self.driver.clone().quit());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where everything is kept that takes long to make, outside the checkout.
fn cache() -> PathBuf {
    let own = std::env::var_os("TILLPOST_CACHE").map(PathBuf::from);
    own.unwrap_or_else(|| {
        let home = std::env::var_os("HOME").expect("a home folder");
        Path::new(&home).join(".cache/tillpost")
    })
}

/// Where axe-core is; fetched the first time.
fn axe() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/install");
    let said = Command::new(script).output().unwrap();
    let why = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{why}");
    PathBuf::from(String::from_utf8_lossy(&said.stdout).trim())
}

/// Starts chromedriver on a free port.
fn start_driver() -> (Child, u16) {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("chromedriver: {error}. Install it: apt-get install chromium chromium-driver")
        });
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| {
        let line = line.ok()?;
        let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // Whatever else it says must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (process, port.expect("chromedriver says its port"))
}

fn capabilities(language: &str, screen: Screen) -> Capabilities {
    let mut options = json!({
        "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1000",
            format!("--accept-lang={language}"), "--no-first-run", "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        "prefs": {"intl.accept_languages": language},
    });
    if screen == Screen::Phone {
        options["mobileEmulation"] = json!({"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0, "touch": true}});
    }
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    });
    match wanted {
        Value::Object(wanted) => Capabilities::from(wanted),
        _ => unreachable!("an object was written"),
    }
}
