//! The demonstration as a user runs it: its files, and the claims it makes in `metrics.json`.

use assert_cmd::Command;
use serde_json::Value;

/// What the demonstration promises; see the project's README and the report.
const ROUND_TRIP: f64 = 1e-10;
const MASS: f64 = 0.005;
const KL_QUANTILE: f64 = 0.12;
const KL_WARM: f64 = 0.06;
const KL_MIXTURE: f64 = 0.02;
const KL_CONDITIONED: f64 = 0.03;
const KL_RECOMMENDED: f64 = 0.02;
/// RBIG as a flow: rounding only.
const DEVIATION: f64 = 1e-10;
/// 5,000 points: four standard errors of a mean are 0.06, of a variance 0.08.
const MOMENTS: f64 = 0.08;

fn run(out: &std::path::Path, threads: &str) -> Value {
    let output = Command::cargo_bin("gauss")
        .unwrap()
        .args(["demo", "--json", "--threads", threads, "--out"])
        .arg(out)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_demonstration_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/demo");
    let summary = run(&out, "2");
    let metrics: Value =
        serde_json::from_slice(&std::fs::read(out.join("metrics.json")).unwrap()).unwrap();
    assert_eq!(summary["metrics"], metrics);
    let number = |path: &str| metrics.pointer(path).and_then(Value::as_f64).expect(path);

    assert_eq!(metrics["flow"]["layers"], 17);
    assert_eq!(metrics["flow"]["trainable_parameters"], 416);
    let ways = ["quantile_start", "warm_start", "rbig", "mixture", "conditioned", "recommended"];
    for way in ways {
        assert!(number(&format!("/{way}/nll_final")) < number(&format!("/{way}/nll_initial")));
        assert!(number(&format!("/{way}/held_out_kl")) > 0.0, "better than the truth");
        assert!(number(&format!("/{way}/seconds")) > 0.0);
        assert!((number(&format!("/{way}/mass")) - 1.0).abs() <= MASS, "{way}");
        assert!(number(&format!("/{way}/parameters")) > 0.0);
    }
    assert!(number("/quantile_start/held_out_kl") <= KL_QUANTILE);
    assert!(number("/warm_start/held_out_kl") <= KL_WARM);
    assert!(number("/mixture/held_out_kl") <= KL_MIXTURE);
    assert!(number("/conditioned/held_out_kl") <= KL_CONDITIONED);
    assert!(number("/recommended/held_out_kl") <= KL_RECOMMENDED);
    let model = |way: &str| metrics[way]["model"].as_str().unwrap().to_owned();
    assert!(model("mixture").ends_with(" normals"), "{}", model("mixture"));
    assert!(model("conditioned").contains("conditioned layer"), "{}", model("conditioned"));
    assert!(number("/warm_start/nll_initial") + 1.0 < number("/quantile_start/nll_initial"));
    assert!(number("/rbig_flow_deviation") <= DEVIATION);
    assert!((number("/density/mass") - 1.0).abs() <= MASS);
    assert!(number("/round_trip/median") <= number("/round_trip/p95"));
    assert!(number("/round_trip/p95") <= number("/round_trip/max"));
    assert!(number("/round_trip/max") <= ROUND_TRIP);
    for i in 0..2 {
        assert!(number(&format!("/pushforward/mean/{i}")).abs() < MOMENTS);
        for j in 0..2 {
            let identity = if i == j { 1.0 } else { 0.0 };
            let got = number(&format!("/pushforward/covariance/{i}/{j}"));
            assert!((got - identity).abs() < MOMENTS, "{i} {j}: {got}");
        }
    }

    let figures = [
        "data",
        "fits",
        "training",
        "rbig",
        "pushforward",
        "density",
        "samples",
        "round_trip",
        "layers",
    ];
    for figure in figures {
        let svg = std::fs::read_to_string(out.join(format!("{figure}.svg"))).unwrap();
        assert!(svg.contains("<svg") && svg.trim_end().ends_with("</svg>"), "{figure}");
        let png = std::fs::read(out.join(format!("{figure}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{figure}");
    }
    let report = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(report.matches("<svg xmlns").count(), figures.len());
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!report.contains(outside), "the report needs {outside}");
    }

    // The model scores the data that lie beside it, as the report says.
    let score = Command::cargo_bin("gauss")
        .unwrap()
        .args(["score", "--json"])
        .args([out.join("model.gauss"), out.join("moons.csv")])
        .output()
        .unwrap();
    let score: Value = serde_json::from_slice(&score.stdout).unwrap();
    assert_eq!(score["rows"], 5000);

    // One thread gives the same bits.
    let again = folder.path().join("again");
    run(&again, "1");
    for file in ["model.gauss", "moons.csv", "samples.svg"] {
        let read = |folder: &std::path::Path| std::fs::read(folder.join(file)).unwrap();
        if file == "model.gauss" {
            // Its history holds the seconds that each epoch took.
            let flow = |bytes: &[u8]| gauss_model::Model::from_bytes(bytes).unwrap().flow().clone();
            assert_eq!(flow(&read(&out)), flow(&read(&again)));
        } else {
            assert!(read(&out) == read(&again), "{file}");
        }
    }
}
