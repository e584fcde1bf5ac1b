//! What every figure must be, whatever the data: well-formed, free of NaN, of bounded size.

use super::axis::{Axis, robust_range};
use super::cloud::thin;
use super::panel::Panel;
use super::text::{compact, escape, number, power_of_ten};
use super::*;

/// The limit on a figure's SVG, bytes.
const MAX_SVG: usize = 600_000;

/// Pseudo-random numbers in [0, 1): a Weyl sequence is random enough to fill a plot.
fn uniform(k: usize, irrational: f64) -> f64 {
    (k as f64 * irrational).fract()
}

fn ring(n: usize) -> Vec<[f64; 2]> {
    let point = |k: usize| {
        let (angle, r) = (6.3 * uniform(k, 0.618034), 1.0 + 0.3 * uniform(k, 0.754877));
        [r * angle.cos(), r * angle.sin()]
    };
    (0..n).map(point).collect()
}

fn values_as_points(values: &[f64], factor: f64) -> Vec<(f64, f64)> {
    values.iter().map(|v| (factor * v, *v)).collect()
}

fn scaling(costs: &[&[(f64, f64)]]) -> Figure {
    let curve = |(color, points)| ScalingCurve { name: "c<d", points, color, exponent: 1.0 };
    let curves: Vec<ScalingCurve<'_>> = costs.iter().copied().enumerate().map(curve).collect();
    let panel = ScalingPanel { title: "t", note: "n", x_label: "rows", curves: &curves };
    scaling_curves(&ScalingCurves { title: "t", subtitle: "s", panels: &[panel, panel] })
}

/// A scale that holds the values, as numbers, as whole numbers and as names.
fn scales(values: &[f64]) -> [Scale; 3] {
    let range = robust_range(values.iter().copied(), 0.01, 0.5).unwrap_or((0.0, 1.0));
    let axis = Axis::linear(range.0, range.1);
    let tick = |k: u8| Tick { value: f64::from(k), label: format!("level <{k}> of many") };
    let real = Scale::real("r & s", axis);
    let whole = Scale { whole: true, ..real.clone() };
    let names = Scale { ticks: Some((0..9).map(tick).collect()), ..whole.clone() };
    [real, whole, names]
}

fn pairs(points: &[[f64; 2]]) -> Figure {
    let values = [0, 1].map(|i| points.iter().map(|p| p[i]).collect::<Vec<f64>>());
    let scales = scales(&values[0]);
    let column = |scale| PairColumn { scale, first: &values[0], second: &values[1] };
    let columns: Vec<PairColumn<'_>> = scales.iter().map(column).collect();
    pair_plot(&PairPlot {
        title: "t",
        subtitle: "s",
        names: ["a", "b"],
        most: 1000,
        columns: &columns,
    })
}

fn marginals(values: &[f64]) -> Figure {
    let [scale, whole, _] = &scales(values);
    let curve = values_as_points(values, 1.0);
    let shares: Vec<Share> = (values.iter().take(9))
        .map(|&v| Share { name: "a<b".into(), data: v, model: 0.5 })
        .collect();
    let shapes = [
        Shape::Density { scale, values, curve: &curve },
        Shape::Whole { scale: whole, values, others: values },
        Shape::Shares(&shares),
    ];
    let panels = shapes.map(|shape| Distribution { name: "n", note: "D", shape });
    let (title, subtitle) = ("t", "a subtitle of many words ".repeat(20));
    distributions(&Distributions { title, subtitle: &subtitle, names: ["a", "b"], panels: &panels })
}

fn quantiles(values: &[f64]) -> Figure {
    let points = values_as_points(values, 2.0);
    let band: Vec<(f64, f64, f64)> = values.iter().map(|&v| (v, v - 1.0, v + 1.0)).collect();
    let panel = QuantilePlot { name: "z", note: "5 %", points: &points };
    quantile_plots(&QuantilePlots {
        title: "t",
        subtitle: "s",
        names: ["l", "b", "i", "o"],
        reach: 4.0,
        band: &band,
        panels: &[panel; 7],
    })
}

fn coloured(points: &[[f64; 2]], values: &[f64]) -> Figure {
    let [scale, _, names] = &scales(values);
    let map = |layer| Map { name: "m", note: "n", layer };
    maps(&Maps {
        title: "t",
        subtitle: "s",
        scales: [scale, names],
        maps: &[
            map(MapLayer::Points(points)),
            map(MapLayer::Cells { values, columns: 3, colors: (0.0, 1.0) }),
            map(MapLayer::Cells { values, columns: 0, colors: (f64::NAN, 1.0) }),
        ],
    })
}

fn many_densities(values: &[f64]) -> Figure {
    let map = |name| DensityMap { name, note: "n", log_density: values };
    densities(&Densities {
        title: "t",
        subtitle: "s",
        maps: &["a<b", "c", "d", "e"].map(map),
        columns: 3,
        x: (-2.0, 2.0),
        y: (-2.0, 2.0),
        labels: ["x₁", "x₂"],
        floor: -20.0,
    })
}

/// All figures for one set of points and one set of numbers.
fn figures(points: &[[f64; 2]], values: &[f64]) -> Vec<Figure> {
    let cloud = Cloud { name: "a<b", points, labels: ["x₁", "x&₂"], color: 0 };
    let reference = Reference { name: "N(0, 1)", density: &standard_normal };
    let curve: Vec<(f64, f64)> = values.iter().enumerate().map(|(k, &v)| (k as f64, v)).collect();
    let series = [Series { name: "s", points: &curve, color: 0, dashed: true }];
    let states = [State { title: "x", points }, State { title: "z", points }];
    let classes: Vec<usize> = (0..points.len()).collect();
    let grid = |color_by, shared_range| {
        scatter_grid(&ScatterGrid {
            title: "t",
            subtitle: "s",
            states: &states,
            color_by,
            shared_range,
        })
    };
    vec![
        joint_plot("t \"q\"", "s", &cloud, Some(reference)),
        joint_plot("", "", &cloud, None),
        joint_pair("t", "s", &cloud, &cloud, None),
        training_curves(&TrainingCurves {
            title: "t",
            subtitle: "s",
            y_label: "y",
            series: &series,
            reference: Some(("r", 1.133)),
            zoom_from: 20.0,
        }),
        bars_and_line(&BarsAndLine {
            title: "t",
            subtitle: "s",
            x_label: "block",
            bars_label: ("b", "u"),
            bars: values,
            line_label: ("l", "u"),
            line: values,
            reference: Some(("r", -1.0)),
        }),
        heat_maps(&HeatMaps {
            title: "t",
            subtitle: "s",
            log_density: values,
            columns: 3,
            x: (-2.0, 2.0),
            y: (-2.0, 2.0),
            labels: ["x₁", "x₂"],
            points,
            floor: -20.0,
        }),
        many_densities(values),
        histogram(&Histogram {
            title: "t",
            subtitle: "s",
            x_label: "e",
            errors: values,
            reference: Some(("tolerance", 1e-9)),
        }),
        scaling(&[&curve, values_as_points(values, 3.0).as_slice()]),
        pairs(points),
        marginals(values),
        quantiles(values),
        coloured(points, values),
        grid(ColorBy::Class(&classes), true),
        grid(ColorBy::Scalar(values), false),
        grid(ColorBy::Nothing, true),
    ]
}

fn check(points: &[[f64; 2]], values: &[f64]) {
    for (k, figure) in figures(points, values).iter().enumerate() {
        let tree = raster::parse(&figure.svg).unwrap_or_else(|e| panic!("figure {k}: {e:#}"));
        assert_eq!(f64::from(tree.size().width()), figure.width);
        assert_eq!(f64::from(tree.size().height()), figure.height);
        assert!(figure.svg.len() < MAX_SVG, "figure {k}: {} bytes", figure.svg.len());
        assert!(!figure.svg.contains(" id="), "figure {k} has an id");
        for attribute in figure.svg.split('"').filter(|a| !a.starts_with("data:")) {
            assert!(
                !attribute.contains("NaN") && !attribute.contains("inf"),
                "figure {k}: {attribute}"
            );
        }
    }
}

#[test]
fn figures_of_plain_data() {
    let values: Vec<f64> =
        (0..300).map(|k| uniform(k, 0.618034) + 80.0 * (-(k as f64)).exp()).collect();
    check(&ring(5000), &values);
}

#[test]
fn figures_of_no_constant_and_single_data() {
    check(&[], &[]);
    check(&[[0.3, 0.3]], &[0.3]);
    check(&[[2.0, -1.0]; 50], &[0.0; 50]);
    check(&[[1e9, 1e9]; 50], &[1e9; 50]);
}

#[test]
fn figures_of_data_that_are_not_finite() {
    let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    check(&bad.map(|v| [v, 1.0]), &bad);
    let mut points = ring(200);
    let mut values: Vec<f64> = (0..60).map(|k| uniform(k, 0.618034) - 0.5).collect();
    for (k, v) in bad.into_iter().enumerate() {
        points[10 * k] = [v, 0.0];
        values[7 * k] = v;
    }
    check(&points, &values);
}

#[test]
fn figures_of_extreme_data() {
    check(&[[-1e308, 1e308], [1e308, -1e308]], &[1e308, -1e308, 1e-308]);
    check(&[[1e-300, 0.0], [-1e-300, 0.0]], &[1e-300, 2e-300]);
    check(&[[1.0, 1.0], [1.0 + 1e-15, 1.0]], &[1.0, 1.0 + 1e-15]);
}

#[test]
fn a_proportional_cost_lies_on_its_guide() {
    // How far below the guide, in pixels, each point of the curve lies.
    let below = |cost: fn(f64) -> f64| -> Vec<f64> {
        let points = [1e4, 1e5, 1e6].map(|n| (n, cost(n)));
        let svg = scaling(&[&points]).svg;
        let panel = svg.split("overflow=\"hidden\">").nth(1).expect("a panel");
        let mut paths = panel.split("<path d=\"M").skip(1).map(|rest| -> Vec<f64> {
            let numbers = rest.split('"').next().expect("a path").split(['L', ' ']);
            numbers.map(|number| number.parse().expect("a number")).collect()
        });
        let (guide, curve) = (paths.next().expect("a guide"), paths.next().expect("a curve"));
        let slope = (guide[3] - guide[1]) / (guide[2] - guide[0]);
        curve.chunks(2).map(|p| p[1] - guide[1] - slope * (p[0] - guide[0])).collect()
    };
    assert!(below(|n| 1e-7 * n).iter().all(|d| d.abs() < 0.05));
    let square = below(|n| 1e-12 * n * n);
    assert!(square[0] > square[1] && square[1] > 20.0 && square[2].abs() < 0.05, "{square:?}");
}

#[test]
fn exponents_do_not_cover_each_other() {
    let points = [(1.0, 1.0), (10.0, 10.0)];
    let svg = scaling(&[&points, &points, &points]).svg;
    let labels = svg.lines().filter(|line| line.ends_with(">1.00</text>"));
    let mut heights: Vec<f64> = labels
        .filter_map(|line| line.split("y=\"").nth(1)?.split('"').next()?.parse().ok())
        .collect();
    heights.truncate(3); // of the first panel
    assert_eq!(heights.len(), 3);
    assert!(heights.windows(2).all(|pair| pair[1] - pair[0] > 12.0), "{heights:?}");
}

#[test]
fn a_large_cloud_stays_light() {
    let points = ring(50_000);
    let cloud = Cloud { name: "x", points: &points, labels: ["a", "b"], color: 1 };
    for figure in [joint_plot("t", "", &cloud, None), joint_pair("t", "", &cloud, &cloud, None)] {
        assert!(figure.svg.len() < MAX_SVG, "{} bytes", figure.svg.len());
    }
}

#[test]
fn the_shipped_font_is_found() {
    let figure = &figures(&ring(50), &[0.1, 0.2])[0];
    let tree = raster::parse(&figure.svg).expect("it parses");
    let faces: Vec<(String, u16)> =
        tree.fontdb().faces().map(|face| (face.families[0].0.clone(), face.weight.0)).collect();
    assert_eq!(faces, [("Inter".to_owned(), 400), ("Inter".to_owned(), 600)]);
}

#[test]
fn axes_of_equal_scales_have_two_ticks_each() {
    for range in [(-4.4, 4.6), (0.5, 3.7), (-0.3, 0.29), (99.0, 108.0)] {
        let axis = Axis::linear(range.0, range.1);
        let panel = Panel { x: 0.0, y: 0.0, w: 90.0, h: 90.0, xa: axis, ya: axis };
        let (across, up) = panel.equal_ticks(50.0);
        assert!(across == up && (2..=6).contains(&up.len()), "{range:?}: {up:?}");
    }
}

#[test]
fn thinning_keeps_both_classes() {
    let odd = thin(10_000, 1000).filter(|i| i % 2 == 1).count();
    assert!((400..600).contains(&odd), "{odd} of 1000 are odd");
    assert!(thin(5, 10).eq(0..5) && thin(0, 10).next().is_none());
}

#[test]
fn numbers_have_a_true_minus_and_no_negative_zero() {
    assert_eq!(number(-1.25, 2), "−1.25");
    assert_eq!(number(-0.001, 2), "0.00");
    assert_eq!(power_of_ten(-13), "10⁻¹³");
    let samples = [0.0, 81.72, -0.0523, 3.04e-13, 1e-9, 9.97e-9, -2.5e7];
    let texts = ["0", "82", "−0.052", "3.0×10⁻¹³", "10⁻⁹", "1.0×10⁻⁸", "−2.5×10⁷"];
    assert_eq!(samples.map(|v| compact(v, 2)), texts);
}

#[test]
fn labels_of_ticks_stand_apart() {
    let names = |count: u8| {
        let tick = |k: u8| Tick { value: f64::from(k), label: "some long name".repeat(2) };
        Scale {
            name: String::new(),
            axis: Axis::linear(-0.5, f64::from(count) - 0.5),
            ticks: Some((0..count).map(tick).collect()),
            whole: true,
        }
    };
    let numbers = |lo, hi| Scale::real("", Axis::linear(lo, hi));
    let scales = [names(2), names(9), names(90), numbers(-1.3e-9, 2e-9), numbers(0.0, 1e5)];
    for (scale, w) in scales.iter().flat_map(|s| [40.0, 150.0, 400.0].map(|w| (s, w))) {
        let panel = panel::Panel { x: 0.0, y: 0.0, w, h: w, xa: scale.axis, ya: scale.axis };
        let across = scale.across(&panel);
        assert!(!across.is_empty(), "{w} {scale:?}");
        let half = |t: &Tick| 0.5 * text::width(&t.label, THEME.tick);
        for pair in across.windows(2) {
            let (end, start) = (
                panel.sx(pair[0].value) + half(&pair[0]),
                panel.sx(pair[1].value) - half(&pair[1]),
            );
            assert!(start > end, "{w} {pair:?}");
        }
        let up = scale.up(&panel);
        let rises = |p: &[Tick]| panel.sy(p[0].value) - panel.sy(p[1].value) > THEME.tick;
        assert!(up.windows(2).all(rises), "{w} {up:?}");
    }
}

#[test]
fn lines_are_broken_at_spaces_and_names_cut_to_their_room() {
    let lines = text::wrapped("one two three four", 10.0, 50.0);
    assert_eq!(lines.join(" "), "one two three four");
    assert!(lines.len() > 1 && lines.iter().all(|l| text::width(l, 10.0) <= 50.0), "{lines:?}");
    assert_eq!(text::shortened("short", 10.0, 100.0), "short");
    let cut = text::shortened("a rather long name", 10.0, 50.0);
    assert!(cut.ends_with('…') && text::width(&cut, 10.0) <= 50.0, "{cut}");
}

#[test]
fn bins_of_whole_numbers_hold_a_value_each() {
    let scale = Scale { whole: true, ..Scale::real("", Axis::linear(-0.5, 4.5)) };
    let bins = bins::Bins::of(&[0.0, 1.0, 1.0, 4.0, f64::NAN], &scale);
    let cells: Vec<(f64, f64)> = bins.cells().map(|(centre, _, d)| (centre, d)).collect();
    assert_eq!(cells, [(0.0, 0.25), (1.0, 0.5), (2.0, 0.0), (3.0, 0.0), (4.0, 0.25)]);
    let wide = Scale { whole: true, ..Scale::real("", Axis::linear(-0.5, 999.5)) };
    let total: f64 = bins::Bins::of(&[0.0, 500.0, 999.0], &wide).cells().map(|c| c.1 * c.2).sum();
    assert!((total - 1.0).abs() < 1e-12, "{total}");
}

#[test]
fn a_point_is_within_a_band_or_not() {
    let band = [(-1.0, -2.0, 0.0), (1.0, 0.0, 2.0)];
    assert!(within(&band, 0.0, 0.9) && within(&band, 0.0, -0.9) && within(&[], 0.0, 9.0));
    assert!(!within(&band, 0.0, 1.1) && !within(&band, 2.0, 2.1) && within(&band, 2.0, 1.9));
}

#[test]
fn text_is_escaped() {
    assert_eq!(escape("a<b>&\"'\u{1}\n"), "a&lt;b&gt;&amp;&quot;&#39;");
}
