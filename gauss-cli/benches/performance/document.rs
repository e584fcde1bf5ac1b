//! `docs/performance.md`: the same figures in prose and tables.

use crate::Results;
use crate::kernels::{K, Yardstick};
use crate::operations;
use crate::quiet;
use crate::report::{HEADS, Row, markdown, percent, quantity};
use std::fmt::Write;

/// The page; `figure` is the scaling figure's file beside it.
pub fn document(results: &Results, figure: &str) -> String {
    let mut page = String::new();
    let kind = if results.quick { "the quick, less exact " } else { "" };
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "# Performance\n\n\
         Written by {kind}`cargo xtask bench` on {}, at commit {}; not edited by hand.\n{}\n\n{}\n",
        results.machine.date,
        results.machine.commit,
        quiet::verdict(&results.stages),
        machine(results)
    );
    let _ = write!(page, "## Goals\n\n{}\n{}\n", summary(&results.rows), table(&results.rows));
    let _ = write!(page, "## The limit\n\n{LIMIT}\n{}\n", limits(results));
    let _ = write!(
        page,
        "## Kernels beside `std` and `libm`\n\n{YARDSTICK}\n{}\n",
        yardsticks(&results.yardsticks)
    );
    let _ = write!(page, "## How operations are counted\n\n{COUNTS}\n{}\n", counts());
    let _ = write!(page, "## Scaling\n\n![Cost against size]({figure})\n\n{SCALING}\n");
    let _ = write!(page, "{}", reproduce());
    page
}

const LIMIT: &str = "\
Absolute times move with the machine, so the same run measures what the processor can do at most:
independent chains of fused multiply-adds, two operations each, that keep every unit busy. *Share
of the limit* is a kernel's counted operations a second over this figure for the same instruction
set and number of threads. It is the number to compare from run to run. The last column is the
limit measured again after everything else; where it differs, the clock of the processor moved.
Goals in nanoseconds and seconds were set on a processor of 144 GFLOP/s with AVX-512 on one thread.
";

const YARDSTICK: &str = "\
Nanoseconds per element and, in brackets, the share of the limit. The last two columns are one
number at a time with `std` and `libm` alone, and how many times longer that takes than the widest
instruction set. `libm` has no Φ⁻¹: the yardstick there is a rational approximation and two steps
of Halley's method with `libm`'s erfc.
";

const COUNTS: &str = "\
A fused multiply-add counts 2; a sum, difference, product, quotient or square root 1 (a processor
takes several times longer for the last two); comparisons, selections, signs and integer work 0.
Polynomials are evaluated by Horner's rule, whose chain of dependent steps is hidden only where
several vectors are in flight. Counted in the source of the kernels, per value:
";

const SCALING: &str = "\
Exponents are fitted by least squares on the logarithms over all points of a curve. A part of the
cost that does not grow with the size pulls an exponent below 1; the remark in the table above
gives that part, and the exponent of the rest, as they fit together best. The dotted lines are
proportional to the size. The data are a noisy parabola in two columns, the flow a greedy fit of it.
";

fn reproduce() -> String {
    "## Reproduce\n\n\
     ```sh\n\
     cargo xtask bench            # all of it, some minutes: this page, the figure, the JSON\n\
     cargo xtask bench --quick    # under half a minute, nothing written but the JSON\n\
     ```\n\n\
     Every time is the least over repeats. The figures as JSON are in \
     `target/bench/performance.json` (`--out FILE.json` for another place). Run it on an idle \
     machine: the head of this page says how idle it was.\n"
        .to_owned()
}

fn machine(results: &Results) -> String {
    let machine = &results.machine;
    let rows = [
        ("processor", machine.processor.clone()),
        ("instruction sets", machine.instruction_sets.join(", ")),
        ("threads", machine.threads.to_string()),
        ("system", machine.system.clone()),
        ("compiler", machine.compiler.clone()),
        ("the run took", quantity(results.seconds, "s")),
    ];
    markdown(&["machine", ""], &rows.map(|(what, value)| vec![what.to_owned(), value]))
}

/// How many goals are met, and which are not.
pub fn summary(rows: &[Row]) -> String {
    let judged: Vec<&Row> = rows.iter().filter(|row| row.met.is_some()).collect();
    let missed: Vec<&&Row> = judged.iter().filter(|row| row.met == Some(false)).collect();
    let mut text = format!("{} of {} goals are met.", judged.len() - missed.len(), judged.len());
    text.push_str(if missed.is_empty() { "\n" } else { " Missed:\n\n" });
    for row in missed {
        let [what, how, goal, measured, ..] = row.cells();
        let _ = writeln!(text, "- {what} ({how}): {measured}, goal {goal}");
    }
    text
}

fn table(rows: &[Row]) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells().to_vec()).collect();
    markdown(&HEADS, &cells)
}

/// Of every instruction set and number of threads.
pub fn limit_cells(results: &Results) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let rows = results.limits.iter().map(|limit| {
        vec![
            limit.instruction_set.clone(),
            limit.threads.to_string(),
            quantity(limit.gflops, ""),
            quantity(limit.gflops_at_the_end, ""),
        ]
    });
    (vec!["instruction set", "threads", "GFLOP/s", "again at the end"], rows.collect())
}

fn limits(results: &Results) -> String {
    let (heads, rows) = limit_cells(results);
    markdown(&heads, &rows)
}

/// Of every kernel, on every instruction set and in plain code.
pub fn yardstick_cells(yardsticks: &[Yardstick]) -> (Vec<String>, Vec<Vec<String>>) {
    let names = yardsticks.first().map_or(&[][..], |first| &first.measured[..]);
    let heads = ["kernel", "operations"].map(str::to_owned).into_iter();
    let heads = heads.chain(names.iter().map(|(name, ..)| name.clone()));
    let heads = heads.chain(["times longer".to_owned()]).collect();
    let rows = yardsticks.iter().map(|yardstick| {
        let mut cells = vec![yardstick.what.to_owned(), quantity(yardstick.operations, "")];
        for (_, ns, share) in &yardstick.measured {
            let share = share.map_or_else(String::new, |share| format!(" ({})", percent(share)));
            cells.push(quantity(*ns, "") + &share);
        }
        let ns: Vec<f64> = yardstick.measured.iter().map(|m| m.1).collect();
        cells.push(quantity(ns[ns.len() - 1] / ns[0], ""));
        cells
    });
    (heads, rows.collect())
}

fn yardsticks(yardsticks: &[Yardstick]) -> String {
    let (heads, rows) = yardstick_cells(yardsticks);
    markdown(&heads.iter().map(String::as_str).collect::<Vec<_>>(), &rows)
}

fn counts() -> String {
    let rows: Vec<Vec<String>> = operations::table(K)
        .into_iter()
        .map(|(what, count)| vec![what, count.to_string()])
        .collect();
    markdown(&["function", "operations"], &rows)
}
