"""What every system is given beside a table's parts, made once per table.

  fit.csv, validation.csv  a seeded nine tenths and tenth of the training part, where the table
                           has no validation part of its own; for the rivals
  rows.csv                 rows drawn from the test part with repetition, to time log-densities by
  points.csv, weights.csv  where the integral of a density is computed, and ln of the weights:
                           the integral of q is sum exp(ln q(point) + weight)
  prepared.json            mean and sd of the training columns, and what the points are

Two columns: the points are the nodes of a grid over the training part's box, widened by half of
its width on each side. More: draws from a proposal r that is fitted to the training part and knows
nothing of the model that is tested, weights -ln(n r): nine tenths a mixture of Student's t with
four degrees of freedom on the covariances of a Gaussian mixture, inflated, the last tenth one such
t on the covariance of all rows, inflated more, so that no tail is missed.

Weights are for standardised columns.
"""

import argparse
import json
import pathlib

import numpy as np
from scipy.special import gammaln, logsumexp

import tables

GRID_SIDE = 601
DRAWS = 200_000
QUICK_GRID_SIDE = 201
QUICK_DRAWS = 20_000
# Of the proposal's mixture.
COMPONENTS = 8
DEGREES = 4.0
INFLATION = 1.5
BROAD_INFLATION = 3.0
BROAD_SHARE = 0.1


def grid(train, side):
    """Points [side^2, 2], the first column slowest, and ln of a cell's area."""
    low, high = train.min(axis=0), train.max(axis=0)
    axes = [
        np.linspace(a - (b - a) / 2, b + (b - a) / 2, side) for a, b in zip(low, high, strict=True)
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    area = np.prod([axis[1] - axis[0] for axis in axes])
    return points, np.full(len(points), np.log(area))


class Proposal:
    """A mixture of multivariate t distributions."""

    def __init__(self, train, seed):
        from sklearn.mixture import GaussianMixture

        components = min(COMPONENTS, max(1, len(train) // (10 * train.shape[1])))
        mixture = GaussianMixture(components, reg_covar=1e-4, random_state=seed).fit(train)
        d = train.shape[1]
        overall = np.cov(train.T) + 1e-4 * np.eye(d)
        covariances = [*(INFLATION * mixture.covariances_), BROAD_INFLATION * overall]
        self.means = np.vstack([mixture.means_, train.mean(axis=0)])
        self.shares = np.append((1 - BROAD_SHARE) * mixture.weights_, BROAD_SHARE)
        self.factors = [np.linalg.cholesky(covariance) for covariance in covariances]

    def draw(self, rows, rng):
        d = self.means.shape[1]
        chosen = rng.choice(len(self.shares), size=rows, p=self.shares / self.shares.sum())
        normal = rng.standard_normal((rows, d))
        stretch = np.sqrt(DEGREES / rng.chisquare(DEGREES, size=rows))
        points = np.empty((rows, d))
        for k, factor in enumerate(self.factors):
            of_k = chosen == k
            points[of_k] = self.means[k] + stretch[of_k, None] * (normal[of_k] @ factor.T)
        return points

    def log_density(self, points):
        d = points.shape[1]
        constant = gammaln((DEGREES + d) / 2) - gammaln(DEGREES / 2)
        constant -= d / 2 * np.log(DEGREES * np.pi)
        terms = []
        for share, mean, factor in zip(self.shares, self.means, self.factors, strict=True):
            z = np.linalg.solve(factor, (points - mean).T)
            tail = -(DEGREES + d) / 2 * np.log1p((z**2).sum(axis=0) / DEGREES)
            terms.append(np.log(share) + constant - np.log(np.diag(factor)).sum() + tail)
        return logsumexp(terms, axis=0)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--train", required=True)
    arguments.add_argument("--validation")
    arguments.add_argument("--test", required=True)
    arguments.add_argument("--out", required=True, type=pathlib.Path)
    arguments.add_argument("--rows", required=True, type=int)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--quick", action="store_true")
    given = arguments.parse_args()

    rng = np.random.default_rng(given.seed)
    header = tables.read_header(given.train)
    train, test = tables.read(given.train), tables.read(given.test)
    if train.shape[1] != test.shape[1]:
        raise SystemExit(f"train has {train.shape[1]} columns, test has {test.shape[1]}")
    mean, sd = train.mean(axis=0), train.std(axis=0)
    if not (sd > 0).all():
        raise SystemExit(f"column {int(np.argmin(sd))} of the training part is constant")

    if given.validation is None:
        order = rng.permutation(len(train))
        held_out = len(train) // 10
        tables.write(given.out / "validation.csv", header, train[order[:held_out]])
        tables.write(given.out / "fit.csv", header, train[order[held_out:]])
    tables.write(given.out / "rows.csv", header, test[rng.integers(len(test), size=given.rows)])

    standard = (train - mean) / sd
    facts = {"train_rows": len(train), "test_rows": len(test), "columns": train.shape[1]}
    if train.shape[1] == 2:
        side = QUICK_GRID_SIDE if given.quick else GRID_SIDE
        points, weights = grid(standard, side)
        facts["integral"] = {"grid_side": side}
    else:
        draws = QUICK_DRAWS if given.quick else DRAWS
        proposal = Proposal(standard, given.seed)
        points = proposal.draw(draws, rng)
        weights = -proposal.log_density(points) - np.log(draws)
        facts["integral"] = {"draws": draws}
    tables.write(given.out / "points.csv", header, points * sd + mean)
    tables.write(given.out / "weights.csv", "log_weight", weights)
    facts |= {"mean": mean.tolist(), "sd": sd.tolist()}
    (given.out / "prepared.json").write_text(json.dumps(facts))


main()
