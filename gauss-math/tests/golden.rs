//! Every public function against mpmath's values, within its budget.
//!
//! [`BUDGETS`] is the one place where an error bound is stated for tests; [`COVERED_ELSEWHERE`]
//! names what has no golden table and where it is tested instead. A public function that is in
//! neither list fails a test. `cargo test -p gauss-math --test golden -- --nocapture` prints what
//! was measured.

// A NaN error must count as the worst: `!(e <= worst)` is not `e > worst`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod support;

use gauss_math::mixture::{Inverter, Mixture};
use gauss_math::{normal, slice};
use std::collections::BTreeSet;
use std::path::Path;
use support::{EPS, Row, golden_mixtures, table};

/// What an error is measured in.
#[derive(Clone, Copy, Debug)]
enum Per {
    /// |error|/|value|; below the smallest normal number, |error| in subnormal units of 2⁻¹⁰⁷⁴.
    Value,
    /// |error|/max(1, |value|)
    OneOrValue,
    /// |error|/(|x| + max(1, |z|)/(dz/dx)): what the conditioning of x = z⁻¹ permits.
    Conditioning,
}

#[derive(Clone, Copy)]
enum Call {
    Number(fn(f64) -> f64),
    Mixture(fn(&Mixture, f64) -> f64),
}

struct Budget {
    function: &'static str,
    file: &'static str,
    /// From these columns: x, and the value there; a NaN value leaves the row out.
    x: fn(&Row) -> f64,
    column: &'static str,
    value: fn(&Row) -> f64,
    call: Call,
    per: Per,
    /// In units of ε = 2⁻⁵².
    limit: f64,
}

macro_rules! budgets {
    ($($function:literal, $file:literal, $x:literal -> $column:literal, $per:ident, $budget:literal, $call:expr;)*) => {
        &[$(Budget {
            function: $function,
            file: $file,
            x: |row| row[$x],
            column: $column,
            value: |row| row[$column],
            call: $call,
            per: Per::$per,
            limit: $budget,
        }),*]
    };
}

/// Function, file, columns, what the error is measured in, budget in ε, the call.
///
/// The goals of the project are 1e-15 = 4.5 ε for Φ's tail, Φ⁻¹ and the mixture's z, and
/// 1e-12 = 4504 ε for ln dz/dx; 32 ε are reached there. Where t = (x - μ)/σ enters a density or a tail without
/// cancelling, its relative error of 1.5 ε (one rounding each of the difference, of 1/σ and of
/// the product) is multiplied by t², which `OneOrValue` of a logarithm near -t²/2 absorbs.
const BUDGETS: &[Budget] = budgets![
    "normal::pdf", "normal.csv", "x" -> "pdf", Value, 2.5, Call::Number(normal::pdf);
    "normal::log_pdf", "normal.csv", "x" -> "log_pdf", Value, 1.5, Call::Number(normal::log_pdf);
    "normal::cdf", "normal.csv", "x" -> "cdf", Value, 4.5, Call::Number(normal::cdf);
    "normal::sf", "normal.csv", "x" -> "sf", Value, 4.5, Call::Number(normal::sf);
    "normal::log_cdf", "normal.csv", "x" -> "log_cdf", Value, 4.5, Call::Number(normal::log_cdf);
    "normal::log_sf", "normal.csv", "x" -> "log_sf", Value, 4.5, Call::Number(normal::log_sf);
    "normal::quantile", "quantile.csv", "p" -> "z", OneOrValue, 4.5, Call::Number(normal::quantile);
    "normal::quantile_from_log", "quantile_log.csv", "ln_p" -> "z", OneOrValue, 4.5, Call::Number(normal::quantile_from_log);
    "slice::pdf_and_tail", "normal.csv", "x" -> "pdf", Value, 2.5, Call::Number(|x| pdf_and_tail(x).0);
    "slice::pdf_and_tail", "normal.csv", "x" -> "cdf", Value, 4.5, Call::Number(|x| if x < 0.0 { pdf_and_tail(x).1 } else { 1.0 - pdf_and_tail(x).1 });
    "slice::pdf_and_tail", "normal.csv", "x" -> "sf", Value, 4.5, Call::Number(|x| if x > 0.0 { pdf_and_tail(x).1 } else { 1.0 - pdf_and_tail(x).1 });
    "Mixture::gaussianize", "mixture.csv", "x" -> "z", OneOrValue, 4.5, Call::Mixture(|m, x| m.gaussianize(x).0);
    "Mixture::gaussianize", "mixture.csv", "x" -> "log_jac", OneOrValue, 32.0, Call::Mixture(|m, x| m.gaussianize(x).1);
    "Mixture::forward", "mixture.csv", "x" -> "z", OneOrValue, 4.5, Call::Mixture(|m, x| forward(m, x).0);
    "Mixture::forward", "mixture.csv", "x" -> "log_jac", OneOrValue, 32.0, Call::Mixture(|m, x| forward(m, x).1);
    "Mixture::log_pdf", "mixture.csv", "x" -> "log_pdf", OneOrValue, 4.5, Call::Mixture(Mixture::log_pdf);
    "Mixture::log_cdf", "mixture.csv", "x" -> "log_cdf", OneOrValue, 4.5, Call::Mixture(Mixture::log_cdf);
    "Mixture::log_sf", "mixture.csv", "x" -> "log_sf", OneOrValue, 4.5, Call::Mixture(Mixture::log_sf);
    "Mixture::invert", "mixture.csv", "z" -> "x", Conditioning, 4.0, Call::Mixture(Mixture::invert);
    "Inverter::invert", "mixture.csv", "z" -> "x", Conditioning, 4.0, Call::Mixture(|m, z| { let mut x = [0.0]; Inverter::new(m).invert(m, &[z], &mut x); x[0] });
];

/// Public functions without a golden table, and the test that has them.
const COVERED_ELSEWHERE: &[(&str, &str)] = &[
    ("normal::mills", "kernels.rs: mills_agrees_with_the_continued_fraction"),
    ("slice::exp", "kernels.rs: elementary_functions_agree_on_every_backend"),
    ("slice::ln", "kernels.rs: elementary_functions_agree_on_every_backend"),
    ("slice::upper_quantile", "golden.rs: the_slice_quantile_is_within_its_budget"),
    ("conditional::invert", "conditional.rs: data_to_latent_and_back"),
    ("triangular::row", "kernels.rs: triangles_agree_on_every_backend"),
    ("triangular::add_row_transposed", "kernels.rs: triangles_agree_on_every_backend"),
    ("triangular::squared_norm", "kernels.rs: triangles_agree_on_every_backend"),
    ("simd::pow2", "kernels.rs: powers_of_two_are_exact_on_every_backend"),
    ("simd::tree_sum", "kernels.rs: the_tree_adds_every_lane_once_and_in_its_order"),
    ("simd::exp", "through slice::exp"),
    ("simd::ln", "through slice::ln"),
    ("simd::exp_neg_half_square", "through slice::pdf_and_tail"),
    ("simd::mills", "through slice::pdf_and_tail"),
    ("simd::upper_quantile", "through slice::upper_quantile"),
    ("simd::mills_anywhere", "through normal::mills and every far row"),
    ("simd::run", "through every kernel"),
    ("conditional::invert", "conditional.rs: data_to_latent_and_back"),
    ("conditioner::affine", "product.rs: products_are_their_definitions_on_every_backend"),
    ("conditioner::add_transposed", "product.rs: products_are_their_definitions_on_every_backend"),
    ("conditioner::add_outer", "product.rs: products_are_their_definitions_on_every_backend"),
    ("conditioner::silu", "activation.rs: errors_are_within_their_bounds_on_every_backend"),
    ("conditioner::asinh", "activation.rs: errors_are_within_their_bounds_on_every_backend"),
    ("Normals::new", "normals.rs: every_instruction_set_gives_the_sums_of_plain_loops"),
    ("Normals::dim", "normals.rs: every_instruction_set_gives_the_sums_of_plain_loops"),
    ("Normals::len", "normals.rs: every_instruction_set_gives_the_sums_of_plain_loops"),
    ("Normals::is_empty", "normals.rs: every_instruction_set_gives_the_sums_of_plain_loops"),
    ("normals::log_terms", "normals.rs: every_instruction_set_gives_the_sums_of_plain_loops"),
    ("normals::normalise", "normals.rs: every_instruction_set_gives_the_sums_of_plain_loops"),
    ("normals::add_moments", "normals.rs: every_instruction_set_gives_the_sums_of_plain_loops"),
    ("normals::moments_len", "normals.rs: every_instruction_set_gives_the_sums_of_plain_loops"),
    (
        "triangular::row",
        "gauss-flow's rosenblatt.rs: log_p_is_the_density_of_the_mixture_and_of_the_map",
    ),
    (
        "triangular::add_row_transposed",
        "gauss-flow's rosenblatt.rs: the_score_is_that_of_differences",
    ),
    (
        "triangular::squared_norm",
        "gauss-flow's rosenblatt.rs: log_p_is_the_density_of_the_mixture_and_of_the_map",
    ),
    ("mixture::forward_row", "row.rs: a_row_has_the_bits_of_its_block"),
    ("Pack::splat", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::new", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::registers", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::simd", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::load", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::store", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::mul_add", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::abs", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::sqrt", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::min", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::max", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::less", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::at_most", "kernels.rs: packs_act_lane_by_lane"),
    ("Pack::at_least", "kernels.rs: packs_act_lane_by_lane"),
    ("Mask::select", "kernels.rs: packs_act_lane_by_lane"),
    ("Mask::all", "kernels.rs: packs_act_lane_by_lane"),
    ("Backend::best", "through every kernel"),
    ("Backend::all", "kernels.rs: there_is_always_the_scalar_backend"),
    ("Backend::name", "kernels.rs: there_is_always_the_scalar_backend"),
    ("Backend::scope", "kernels.rs: a_scope_ends_with_its_call"),
    ("Backend::run", "through every kernel"),
    ("Mixture::new", "through every mixture"),
    ("Mixture::set", "mixture.rs: set_leaves_nothing_of_the_mixture_before"),
    ("slice::cdf", "slices.rs"),
    ("slice::log_pdf", "slices.rs"),
    ("slice::log_cdf", "slices.rs"),
    ("slice::quantile", "slices.rs"),
    ("Mixture::pdf", "slices.rs"),
    ("Mixture::cdf", "slices.rs"),
    ("Mixture::sf", "slices.rs"),
    ("Mixture::quantile", "slices.rs"),
    ("Mixture::len", "mixture.rs: set_leaves_nothing_of_the_mixture_before"),
    ("Mixture::is_empty", "mixture.rs: set_leaves_nothing_of_the_mixture_before"),
    ("Mixture::tape_len", "through Mixture::forward_with_tape"),
    ("Mixture::forward_with_tape", "kernels.rs: the_mixture_map_agrees_on_every_backend"),
    ("Mixture::backward", "gradient.rs"),
    ("Inverter::new", "through Inverter::invert"),
    ("ParetoTail::new", "tail.rs: the_map_of_exceedances_keeps_its_budget"),
    ("ParetoTail::gaussianize", "tail.rs: the_map_of_exceedances_keeps_its_budget"),
    ("ParetoTail::invert", "tail.rs: the_map_of_exceedances_keeps_its_budget"),
    ("ParetoTail::bend", "tail.rs: the_map_of_exceedances_keeps_its_budget"),
    ("TailMap::new", "tail.rs"),
    ("TailMap::gaussianize", "tail.rs"),
    ("TailMap::invert", "tail.rs"),
    (
        "TailMap::forward",
        "tail.rs: slices_and_single_values_are_one_and_the_slope_is_that_of_differences",
    ),
    (
        "TailMap::inverse",
        "tail.rs: slices_and_single_values_are_one_and_the_slope_is_that_of_differences",
    ),
    (
        "TailMap::backward",
        "tail.rs: slices_and_single_values_are_one_and_the_slope_is_that_of_differences",
    ),
    ("expectation::e_step", "expectation.rs"),
    ("Points::new", "expectation.rs: points_keep_what_they_are_given"),
    ("Points::x", "expectation.rs: points_keep_what_they_are_given"),
    ("Points::weights", "expectation.rs: points_keep_what_they_are_given"),
    ("Points::total", "expectation.rs: points_keep_what_they_are_given"),
    ("Component::new", "through expectation::e_step"),
    ("Workspace::sums", "through expectation::e_step"),
    ("householder::reflect", "householder.rs"),
    ("householder::apply", "householder.rs"),
    ("householder::apply_transposed", "householder.rs"),
    ("householder::expand", "householder.rs"),
    ("householder::identity", "householder.rs"),
    ("householder::gradient", "householder.rs"),
    ("householder::factor", "householder.rs"),
    ("Product::set", "through householder::expand"),
    ("Product::expand", "through householder::expand"),
    ("Product::gradient", "through householder::gradient"),
    ("matrix::multiply", "kernels.rs: matrix_products_agree_on_every_backend"),
    ("matrix::multiply_row", "kernels.rs: matrix_products_agree_on_every_backend"),
    ("matrix::add_outer", "kernels.rs: matrix_products_agree_on_every_backend"),
];

fn pdf_and_tail(x: f64) -> (f64, f64) {
    let (mut pdf, mut tail) = ([0.0], [0.0]);
    slice::pdf_and_tail(&[x], &mut pdf, &mut tail);
    (pdf[0], tail[0])
}

fn forward(mixture: &Mixture, x: f64) -> (f64, f64) {
    let (mut z, mut log_det) = ([0.0], [0.0]);
    mixture.forward(&[x], &mut z, &mut log_det);
    (z[0], log_det[0])
}

/// |got - want| in the budget's unit.
fn error(per: Per, got: f64, want: f64, row: &Row) -> f64 {
    if got == want {
        return 0.0; // infinities and signed zeros included
    }
    let unit = match per {
        Per::Value if want.abs() < f64::MIN_POSITIVE => f64::from_bits(1) / EPS,
        Per::Value => want.abs(),
        Per::OneOrValue => want.abs().max(1.0),
        Per::Conditioning => want.abs() + row["z"].abs().max(1.0) * (-row["log_jac"]).exp(),
    };
    (got - want).abs() / unit / EPS
}

#[test]
fn every_function_keeps_its_budget() {
    let mixtures = golden_mixtures();
    let mut failures = Vec::new();
    println!(
        "{:28}{:20}{:9}{:>6}{:>9}{:>9}  worst at",
        "function", "file", "column", "rows", "budget", "worst"
    );
    for b in BUDGETS {
        let (mut worst, mut at, mut count) = (0.0_f64, String::new(), 0);
        for (case, row) in table(b.file) {
            let (x, want) = ((b.x)(&row), (b.value)(&row));
            let got = match b.call {
                Call::Number(f) => f(x),
                Call::Mixture(f) => f(&mixtures[&case], x),
            };
            let e = error(b.per, got, want, &row);
            count += 1;
            if !(e <= worst) {
                (worst, at) = (e, format!("{case} {x:e}: {got:e}, not {want:e}"));
            }
        }
        println!(
            "{:28}{:20}{:9}{count:6}{:7.1} ε{worst:7.2} ε  {at}",
            b.function, b.file, b.column, b.limit
        );
        assert!(count >= 250, "{} has only {count} golden rows", b.file);
        if !(worst <= b.limit) {
            failures.push(format!("{} {}: {worst} ε at {at}", b.function, b.column));
        }
    }
    assert!(failures.is_empty(), "over budget:\n{}", failures.join("\n"));
}

#[test]
fn the_slice_quantile_is_within_its_budget() {
    const BUDGET: f64 = 4.5; // in ε max(1, |z|), as normal::quantile's
    let rows = table("quantile.csv");
    let lower: Vec<&Row> = rows.iter().map(|(_, row)| row).filter(|row| row["p"] <= 0.5).collect();
    assert!(lower.len() > 100);
    let p: Vec<f64> = lower.iter().map(|row| row["p"]).collect();
    let mut z = vec![0.0; p.len()];
    slice::upper_quantile(&p, &mut z);
    for (row, z) in lower.into_iter().zip(z) {
        let e = error(Per::OneOrValue, -z, row["z"], row);
        assert!(e <= BUDGET, "{}: {e} ε", row["p"]);
    }
}

/// Every source file with the module that it belongs to.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(&root).expect("below the root").with_extension("");
            let module = below.iter().next().expect("a name").to_string_lossy().into_owned();
            sources.push((module, std::fs::read_to_string(&path).expect("a text")));
        }
    }
    sources
}

fn first_word(s: &str) -> String {
    s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// `module::function` and `Type::function` of every public function, the types public too.
fn public_functions() -> BTreeSet<String> {
    let sources = sources();
    let mut owners = BTreeSet::new();
    for (module, source) in &sources {
        owners.insert((module, module.clone()));
        let types = source.lines().filter_map(|l| l.strip_prefix("pub struct ").map(first_word));
        owners.extend(types.map(|owner| (module, owner)));
    }
    let mut public = BTreeSet::new();
    for (module, source) in &sources {
        let mut owner = module.clone();
        let mut in_macro_call = false;
        for line in source.lines() {
            if let Some(rest) = line.strip_prefix("impl") {
                let rest = rest.split_once("> ").map_or(rest, |(_generics, rest)| rest);
                owner = first_word(rest.trim_start());
            } else if line == "}" {
                owner.clone_from(module);
            } else if line.starts_with("slice_function!(") {
                in_macro_call = true;
            } else if in_macro_call && !line.trim_start().starts_with("///") {
                public.insert(format!("{owner}::{}", first_word(line.trim_start())));
                in_macro_call = false;
            }
            for start in ["pub fn ", "pub const fn "] {
                // A macro's `pub fn $name` has no name yet.
                if let Some(rest) = line.trim_start().strip_prefix(start)
                    && !rest.starts_with('$')
                    && owners.contains(&(module, owner.clone()))
                {
                    public.insert(format!("{owner}::{}", first_word(rest)));
                }
            }
        }
    }
    public
}

#[test]
fn no_public_function_is_without_a_budget_or_a_test() {
    let public = public_functions();
    let listed: BTreeSet<String> = (BUDGETS.iter().map(|b| b.function))
        .chain(COVERED_ELSEWHERE.iter().map(|(function, _)| *function))
        .map(str::to_owned)
        .collect();
    assert!(public.len() > 40, "the scan has gone blind: {public:?}");
    let missing: Vec<_> = public.difference(&listed).collect();
    assert!(missing.is_empty(), "without a budget or a test: {missing:?}");
    let gone: Vec<_> = listed.difference(&public).collect();
    assert!(gone.is_empty(), "listed, but no longer there: {gone:?}");
}
