"""scikit-learn's Gaussian mixture and kernel density: a model per candidate, validation chooses."""

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

COMPONENTS = (1, 2, 4, 8, 16, 32, 64)
QUICK_COMPONENTS = (1, 2, 4, 8)
# In standard deviations of a column.
BANDWIDTHS = np.geomspace(0.02, 1.0, 12)


def best(candidates, validation):
    """Of (settings, model) the one whose mean log-density of the validation rows is highest."""
    scored = [(model.score_samples(validation).mean(), text, model) for text, model in candidates]
    return max(scored, key=lambda one: one[0])[1:]


class Mixture:
    """1 to 64 components with full covariances."""

    def fit(self, train, validation, seed, quick):
        candidates = []
        for k in QUICK_COMPONENTS if quick else COMPONENTS:
            if k * 2 > len(train):
                continue
            model = GaussianMixture(k, covariance_type="full", random_state=seed)
            try:
                settings = "1 component" if k == 1 else f"{k} components"
                candidates.append((settings, model.fit(train)))
            except ValueError:
                continue  # a covariance that collapsed: this candidate does not count
        settings, self.model = best(candidates, validation)
        return settings

    def log_prob(self, x):
        return self.model.score_samples(x)

    def sample(self, rows, seed):
        self.model.random_state = seed
        return self.model.sample(rows)[0]

    round_trip = None


class Kde:
    """Gaussian kernels of one bandwidth."""

    def fit(self, train, validation, seed, quick):
        models = ((f"bandwidth {h:.3g}", KernelDensity(bandwidth=h)) for h in BANDWIDTHS)
        settings, self.model = best([(text, m.fit(train)) for text, m in models], validation)
        return settings

    def log_prob(self, x):
        return self.model.score_samples(x)

    def sample(self, rows, seed):
        return self.model.sample(rows, random_state=seed)

    round_trip = None
