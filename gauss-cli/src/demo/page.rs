//! The demonstration's report: one self-contained page.

use super::checks::Checks;
use super::figures::Figures;
use super::fits::Fits;
use crate::page::{Page, Section, TextTable};
use crate::plot::{compact, number};
use crate::words::grouped;

/// The story of a run.
pub fn page(fits: &Fits, checks: &Checks, figures: Figures) -> Page {
    let flow = &fits.warm_start.made.flow;
    let worst = checks.round_trip_quantile(1.0);
    Page {
        title: "A Gaussianization flow learns two moons".to_owned(),
        lede: format!(
            "An invertible map takes 5,000 points of two interleaved half circles to a standard \
             normal, layer by layer, and back. It knows the density of every point exactly. The \
             data come from a known density of entropy {} nats, so what each fit misses is known \
             too.",
            number(fits.entropy, 4)
        ),
        sections: vec![
            summary(fits, checks),
            Section::new("The data").figure(
                figures.data,
                "Two half circles with normal noise, as scikit-learn defines them.",
            ),
            Section::new("Six fits")
                .paragraph(
                    "Three fits are of one flow of rotations and marginal maps, made by hand: \
                     trained from quantiles, trained from the greedy fit, and the greedy fit \
                     alone. Three are by the recipe: a mixture of normals with full covariances, \
                     marginal maps whose shape depends on the column before, and, recommended, \
                     what a search among these two and its own blocks chooses.",
                )
                .figure(
                    figures.fits,
                    "The same colours everywhere. What lies between the moons has next to no \
                     mass: a bridge there costs little.",
                ),
            Section::new("The flow")
                .paragraph(format!(
                    "{} layers, {} trainable parameters: the principal axes, then eight blocks. \
                     A block turns the plane by two reflections and then sends each coordinate \
                     through z = Φ⁻¹(F(x)), F a mixture of eight normals. A reflection has 2 \
                     numbers, a mixture 24.",
                    flow.layers().len(),
                    flow.n_trainable()
                ))
                .figure(
                    figures.layers,
                    "What each layer does to the data. A rotation turns what is left of their \
                     shape into the margins, where the next layer removes it.",
                ),
            Section::new("Greedy: RBIG")
                .paragraph(format!(
                    "Block by block and without gradients: turn to the principal axes, fit a \
                     mixture to each coordinate by expectation maximisation, map, repeat. Its \
                     log-density and that of the flow it becomes differ by at most {} nats per \
                     point, whether none or four of the reflections are trainable.",
                    compact(fits.rbig_deviation, 2)
                ))
                .figure(
                    figures.rbig,
                    "The negentropy that a block removes is what it adds to the mean \
                     log-density.",
                ),
            Section::new("Joint training")
                .paragraph(
                    "All blocks at once, by Adam on the exact negative log-likelihood: from \
                     means at the data's quantiles and random reflections, and from the greedy \
                     fit. A training loss below the true entropy would be overfitting.",
                )
                .figure(figures.training, "Left: all epochs. Right: from epoch 20 on."),
            Section::new("Pushforward")
                .paragraph(
                    "After the warm-started fit the data should be independent standard normals.",
                )
                .table(moments(checks))
                .figure(figures.latent, "The data in latent space."),
            Section::new("Density")
                .paragraph(format!(
                    "The density at {} cells; their mass is {}.",
                    grouped(fits.warm_start.log_density.len()),
                    number(fits.warm_start.mass, 5)
                ))
                .figure(figures.density, "Left: p(x). Right: log p(x), cut at −20 nats."),
            Section::new("Samples").figure(
                figures.samples,
                "Standard normals sent back through the inverse of every layer.",
            ),
            Section::new("Round trip")
                .paragraph(format!(
                    "Nothing is clamped, so the inverse holds everywhere: the largest error of \
                     all points is {}. The Keras implementation that this demonstration follows \
                     has 3.9×10⁻⁵.",
                    compact(worst, 2)
                ))
                .figure(figures.round_trip, "Distance of f⁻¹(f(x)) from x, in standardised units."),
        ],
    }
}

fn summary(fits: &Fits, checks: &Checks) -> Section {
    let rows = fits.ways().map(|way| {
        vec![
            way.made.name.to_owned(),
            way.made.model.clone(),
            way.made.parameters.to_string(),
            number(way.nll_initial, 3),
            number(way.nll_final, 4),
            format!("{} ± {}", number(way.kl.mean, 4), number(way.kl.standard_error, 4)),
            number(way.made.seconds, 2),
        ]
    });
    let kl = number(fits.recommended.kl.mean, 3);
    let mass = number(fits.warm_start.mass, 4);
    let worst = compact(checks.round_trip_quantile(1.0), 2);
    let samples = format!("{} ms", number(1e3 * checks.sample_seconds, 1));
    Section::new("In short")
        .tiles(&[
            ["KL(true ‖ model)", &kl, "nats, recommended fit, 50,000 fresh points"],
            ["mass on the grid", &mass, "of 1"],
            ["largest round-trip error", &worst, "of 5,000 points"],
            ["5,000 samples", &samples, "by exact inversion"],
        ])
        .table(TextTable {
            header: [
                "fit",
                "what came out",
                "numbers",
                "NLL at the start",
                "NLL at the end",
                "held-out KL",
                "seconds",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows: rows.to_vec(),
            caption: format!(
                "Nats per row, standardised data. A perfect model has an NLL of {} and a KL of 0.",
                number(fits.entropy, 4)
            ),
        })
}

fn moments(checks: &Checks) -> TextTable {
    let [m0, m1] = checks.latent_mean;
    let [[c00, c01], [c10, c11]] = checks.latent_covariance;
    let row = |name: &str, values: [f64; 3]| {
        let cells = values.map(|v| number(v, 4));
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    TextTable {
        header: ["", "mean", "covariance with z₁", "covariance with z₂"]
            .map(str::to_owned)
            .to_vec(),
        rows: vec![row("z₁", [m0, c00, c01]), row("z₂", [m1, c10, c11])],
        caption: "Against 0 and the identity matrix.".to_owned(),
    }
}
