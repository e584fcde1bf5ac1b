"""sinflow, the sliced iterative flow, with its own settings and its own early stopping; then the
validation rows choose how many of its transforms to keep."""

import numpy as np
import sinflow
from scipy.stats import norm


class Sinflow:
    def fit(self, train, validation, seed, quick):
        self.dim = train.shape[1]
        np.random.seed(seed)  # it draws from numpy's global generator
        self.flow = sinflow.Flow(n_transforms=50) if quick else sinflow.Flow()
        self.flow.fit(train.copy())  # it shuffles what it is given
        built = len(self.flow.transforms)
        keep = self.best_length(validation)
        self.flow.transforms = self.flow.transforms[:keep]
        return f"{keep} of {built} transforms"

    def best_length(self, validation):
        z, log_det, scores = validation, np.zeros(len(validation)), []
        for transform in self.flow.transforms:
            z, step = transform.forward(z)
            log_det = log_det + step
            scores.append((norm.logpdf(z).sum(axis=1) + log_det).mean())
        return int(np.nanargmax(scores)) + 1

    def log_prob(self, x):
        return self.flow.log_prob(x)

    def sample(self, rows, seed):
        # Its own sample() asks the last transform for a dimension that not every one has.
        z = np.random.default_rng(seed).standard_normal((rows, self.dim))
        return self.flow.inverse(z)[0]

    def round_trip(self, x):
        return self.flow.inverse(self.flow.forward(x)[0])[0]
