"""pyvinecopulib: kernel densities of the columns, joined by a vine of pair copulas."""

import numpy as np
import pyvinecopulib as pv

from scikit import best


class Vine:
    """All families of pair copulas, or kernels alone."""

    def fit(self, train, validation, seed, quick):
        families = {"kernels": [pv.BicopFamily.tll]}
        if not quick:
            families["all families"] = pv.FitControlsVinecop().family_set
        candidates = []
        for name, family_set in families.items():
            controls = pv.FitControlsVinecop(family_set=family_set, seeds=[seed])
            candidates.append((name, Scored(pv.Vinedist.from_data(train, controls=controls), train)))
        settings, self.model = best(candidates, validation)
        return settings

    def log_prob(self, x):
        return self.model.score_samples(x)

    def sample(self, rows, seed):
        return np.asarray(self.model.vine.sample(rows, seeds=[seed]))

    round_trip = None


class Scored:
    """Beyond the columns' grids a vine's density is 0; such a row counts as the least likely one of
    the training part, in favour of the vine."""

    def __init__(self, vine, train):
        self.vine = vine
        density = np.asarray(vine.logpdf(train))
        self.least = density[np.isfinite(density)].min()

    def score_samples(self, x):
        density = np.asarray(self.vine.logpdf(x))
        return np.where(np.isfinite(density), density, self.least)
