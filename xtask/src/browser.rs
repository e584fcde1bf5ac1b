//! The report in a real browser: no console message, no sideways scrolling at desktop and phone
//! width, screenshots to look at.
//!
//! A page of our own holds the report in a frame of the width in question, since a browser's
//! window cannot be as narrow as a phone, and puts what it measures into its title.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Widths of the frame.
const WIDTHS: [u32; 2] = [1280, 390];
/// Names under which a Chromium may be installed.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// A browser without a window, a network or a past.
const HEADLESS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--allow-file-access-from-files",
];

/// Makes a small report with `gauss`, looks at it, and leaves everything in `dir`.
pub fn check(gauss: &Path, dir: &Path) -> Result<()> {
    let Some(browser) = BROWSERS.into_iter().find(|name| exists(name)) else {
        eprintln!("no browser: looked for {}; nothing was checked", BROWSERS.join(", "));
        return Ok(());
    };
    fs::create_dir_all(dir)?;
    fs::write(dir.join("train.csv"), table(0, 800))?;
    fs::write(dir.join("test.csv"), table(1, 400))?;
    let fit = ["fit", "train.csv", "--out", "model.gauss", "--budget", "40epochs", "--quiet"];
    let report = [
        "report",
        "model.gauss",
        "test.csv",
        "--train",
        "train.csv",
        "--out",
        "report.html",
        "--quiet",
    ];
    for arguments in [&fit[..], &report] {
        let status = Command::new(gauss).args(arguments).current_dir(dir).status()?;
        ensure!(status.success(), "gauss {} failed", arguments.join(" "));
    }
    let mut faults = Vec::new();
    for width in WIDTHS {
        let height = probe(browser, dir, width, &mut faults)?;
        for scheme in ["light", "dark"] {
            screenshot(browser, dir, width, height, scheme)?;
        }
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    println!(
        "{}: no console message, no overflow; screenshots beside it",
        dir.join("report.html").display()
    );
    Ok(())
}

fn exists(browser: &str) -> bool {
    let quiet =
        |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet(Command::new(browser).arg("--version")).is_ok_and(|status| status.success())
}

/// Measures the report at a width; its height.
fn probe(browser: &str, dir: &Path, width: u32, faults: &mut Vec<String>) -> Result<u32> {
    let script = "<script>frame.onload = () => { \
                  const root = frame.contentDocument.documentElement; \
                  document.title = [root.scrollWidth, root.clientWidth, root.scrollHeight].join(' '); \
                  }</script>";
    let page = frame(dir, width, 900, script)?;
    let output = run(browser, dir, &["--enable-logging=stderr", "--v=0", "--dump-dom"], &page)?;
    let title = output.0.split("<title>").nth(1).and_then(|rest| rest.split('<').next());
    let title = title.context("the browser gave no page")?;
    let sizes: Vec<u32> = title.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [scroll, client, height] = sizes[..] else { bail!("the browser measured {title:?}") };
    if scroll > client {
        faults.push(format!("at {width} px the page is {scroll} px wide and scrolls sideways"));
    }
    faults.extend(output.1.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned));
    Ok(height)
}

fn screenshot(browser: &str, dir: &Path, width: u32, height: u32, scheme: &str) -> Result<()> {
    let page = frame(dir, width, height, "")?;
    let file = dir.join(format!("report-{width}-{scheme}.png"));
    let blink = u8::from(scheme == "light"); // 0 is dark
    let arguments = [
        format!("--screenshot={}", file.display()),
        format!("--window-size={},{height}", width.max(500)),
        format!("--blink-settings=preferredColorScheme={blink}"),
    ];
    run(browser, dir, &arguments.each_ref().map(String::as_str), &page)?;
    ensure!(file.is_file(), "the browser took no screenshot");
    Ok(())
}

/// A page that holds the report in a frame.
fn frame(dir: &Path, width: u32, height: u32, script: &str) -> Result<PathBuf> {
    let page = dir.join("frame.html");
    let text = format!(
        "<!DOCTYPE html><meta charset=utf-8><title></title><style>body {{ margin: 0 }} iframe {{ border: 0; \
         display: block }}</style><iframe id=frame src=report.html width={width} height={height}></iframe>\
         {script}"
    );
    fs::write(&page, text)?;
    Ok(page)
}

/// Standard output and standard error of the browser on a page.
fn run(browser: &str, dir: &Path, arguments: &[&str], page: &Path) -> Result<(String, String)> {
    let output = Command::new(browser)
        .args(HEADLESS)
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .output()?;
    ensure!(output.status.success(), "{browser} failed on {}", page.display());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(&output.stdout), text(&output.stderr)))
}

/// Two moons, a positive column that depends on them, and one of long name that does not.
fn table(seed: u64, rows: usize) -> String {
    let mut state = seed;
    let mut uniform = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut text = String::from("width,height,price,a_column_with_quite_a_long_name\n");
    for _ in 0..rows {
        let (angle, upper) = (std::f64::consts::PI * uniform(), uniform() < 0.5);
        let mut noise = || uniform() + uniform() + uniform() - 1.5;
        let (x, y) =
            if upper { (angle.cos(), angle.sin()) } else { (1.0 - angle.cos(), 0.5 - angle.sin()) };
        let (x, y) = (x + 0.1 * noise(), 100.0 * y + 10.0 * noise());
        let price = (0.5 * x + noise()).exp();
        let _ = writeln!(text, "{x},{y},{price},{}", noise());
    }
    text
}
