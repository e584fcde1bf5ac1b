"""One rival on one table: fits, evaluates, times, and writes SYSTEM.json, SYSTEM.log_prob.csv (of
the test rows) and SYSTEM.points.csv (of the integral's points). Columns are standardised by the
training part, log-densities are for standardised columns."""

import argparse
import importlib
import json
import pathlib
import time

import numpy as np

import tables

SYSTEMS = {
    "mixture": ("scikit", "Mixture"),
    "kde": ("scikit", "Kde"),
    "vine": ("vine", "Vine"),
    "zuko-gf": ("zuko_flows", "gf"),
    "zuko-maf": ("zuko_flows", "maf"),
    "zuko-nsf": ("zuko_flows", "nsf"),
    "sinflow": ("sliced", "Sinflow"),
}


def timed(work):
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("system", choices=SYSTEMS)
    for file in ("--fit", "--validation", "--test", "--prepared", "--out"):
        arguments.add_argument(file, required=True, type=pathlib.Path)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--quick", action="store_true")
    given = arguments.parse_args()

    facts = json.loads((given.prepared / "prepared.json").read_text())
    mean, sd = np.array(facts["mean"]), np.array(facts["sd"])
    standard = lambda path: (tables.read(path) - mean) / sd
    fit, validation, test = map(standard, (given.fit, given.validation, given.test))
    rows = standard(given.prepared / "rows.csv")

    module, name = SYSTEMS[given.system]
    system = getattr(importlib.import_module(module), name)()
    settings, fit_seconds = timed(lambda: system.fit(fit, validation, given.seed, given.quick))
    _, log_prob_seconds = timed(lambda: system.log_prob(rows))
    drawn, sample_seconds = timed(lambda: system.sample(len(rows), given.seed + 1))
    if drawn.shape != rows.shape:
        raise RuntimeError(f"drew {drawn.shape}, not {rows.shape}")
    result = {
        "settings": settings,
        "fit_seconds": fit_seconds,
        "log_prob_seconds": log_prob_seconds,
        "sample_seconds": sample_seconds,
        "round_trip": "none",
    }
    if system.round_trip is not None:
        error = float(np.abs(system.round_trip(test) - test).max())
        # JSON has no infinity.
        result["round_trip"] = {"max": error} if np.isfinite(error) else "not_finite"

    out = lambda kind: given.out / f"{given.system}.{kind}"
    tables.write(out("log_prob.csv"), "log_prob", system.log_prob(test))
    points = standard(given.prepared / "points.csv")
    tables.write(out("points.csv"), "log_prob", system.log_prob(points))
    out("json").write_text(json.dumps(result))


main()
