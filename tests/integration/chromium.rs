//! Headless Chromium, driven through chromedriver, for tests that read a page.

use std::error::Error;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel};

/// Where Debian's package `chromium-driver` puts it.
const CHROMEDRIVER: &str = "/usr/bin/chromedriver";

/// How the browser looks.
#[derive(Clone, Copy)]
pub(super) struct Screen {
    pub(super) dark: bool,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A light desktop.
pub(super) const DESKTOP: Screen = Screen { dark: false, width: 1280, height: 900 };

/// Runs `visit` in a browser of its own, which is gone afterwards however `visit` ends.
pub(super) fn browse<V, F>(screen: Screen, visit: V) -> Result<(), Box<dyn Error>>
where
    V: FnOnce(WebDriver) -> F + Send + 'static,
    F: Future<Output = WebDriverResult<()>> + Send + 'static,
{
    let profile = tempfile::tempdir()?;
    let server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let capabilities = capabilities(screen, profile.path())?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{}", server.port), capabilities).await?;
        // In a task of its own, so that a failed assertion does not leave a browser behind.
        let visited = tokio::spawn(visit(driver.clone())).await;
        driver.quit().await?;
        match visited {
            Ok(result) => Ok(result?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    })
}

fn capabilities(screen: Screen, profile: &Path) -> WebDriverResult<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        // Chromium refuses its sandbox to root, which is who runs tests in containers.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &format!("--user-data-dir={}", profile.display()),
        &format!("--blink-settings=preferredColorScheme={}", if screen.dark { 0 } else { 1 }),
    ] {
        capabilities.add_arg(argument)?;
    }
    // A window has a least width; an emulated screen has not.
    capabilities.add_experimental_option(
        "mobileEmulation",
        serde_json::json!({"deviceMetrics": {"width": screen.width, "height": screen.height, "pixelRatio": 1.0, "touch": false}}),
    )?;
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}

/// A chromedriver on a free port of the loopback interface.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start() -> Result<Server, Box<dyn Error>> {
        let mut process = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {CHROMEDRIVER} ({error}): install the package `chromium-driver`"))?;
        let stdout = process.stdout.take().ok_or("chromedriver has no stdout")?;
        let mut server = Server { process, port: 0 };
        let mut lines = BufReader::new(stdout).lines();
        // `ChromeDriver was started successfully on port 43211.`
        for line in &mut lines {
            let line = line?;
            if let Some(port) = line.split("on port ").nth(1).filter(|_| line.contains("successfully")) {
                server.port = port.trim_end_matches('.').parse()?;
                break;
            }
        }
        if server.port == 0 {
            return Err("chromedriver ended without naming its port".into());
        }
        // It stops when nobody reads what it prints.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
