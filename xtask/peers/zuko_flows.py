"""zuko's flows on torch: Adam on the mean log-density, the epoch that validates best kept."""

import copy

import numpy as np
import torch
import zuko

EPOCHS = 400
QUICK_EPOCHS = 20
# Epochs without gain before training ends.
PATIENCE = 30
BATCH = 256
# Rows at a time where nothing is learnt.
CHUNK = 10_000


class ZukoFlow:
    """One of the three; its figures are in torch's default precision, 32 bits."""

    def __init__(self, build, learning_rate, settings):
        self.build, self.learning_rate, self.settings = build, learning_rate, settings

    def fit(self, train, validation, seed, quick):
        torch.manual_seed(seed)
        torch.set_num_threads(threads())
        train, validation = tensor(train), tensor(validation)
        self.dim = train.shape[1]
        self.flow = self.build(self.dim)
        adam = torch.optim.Adam(self.flow.parameters(), lr=self.learning_rate)
        best, best_loss, best_epoch = None, np.inf, 0
        for epoch in range(1, (QUICK_EPOCHS if quick else EPOCHS) + 1):
            for batch in torch.randperm(len(train)).split(BATCH):
                loss = -self.flow().log_prob(train[batch]).mean()
                adam.zero_grad()
                loss.backward()
                adam.step()
            loss = -self.log_prob_of(validation).mean()
            if loss < best_loss:
                best, best_loss, best_epoch = copy.deepcopy(self.flow.state_dict()), loss, epoch
            if epoch - best_epoch >= PATIENCE or not np.isfinite(loss):
                break
        if best is None:
            raise RuntimeError("the validation loss was never finite")
        self.flow.load_state_dict(best)
        return f"{self.settings}, epoch {best_epoch} of {epoch}"

    def log_prob_of(self, x):
        flow = self.flow()
        with torch.no_grad():
            pieces = [flow.log_prob(piece).detach().double() for piece in x.split(CHUNK)]
        return torch.cat(pieces).numpy()

    def log_prob(self, x):
        return self.log_prob_of(tensor(x))

    def sample(self, rows, seed):
        torch.manual_seed(seed)
        flow = self.flow()
        with torch.no_grad():
            sizes = [min(CHUNK, rows - start) for start in range(0, rows, CHUNK)]
            return torch.cat([flow.sample((size,)) for size in sizes]).double().numpy()

    def round_trip(self, x):
        transform = self.flow().transform
        with torch.no_grad():
            pieces = [transform.inv(transform(piece)).double() for piece in tensor(x).split(CHUNK)]
        return torch.cat(pieces).numpy()


def threads():
    import os

    return int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count()


def tensor(x):
    return torch.as_tensor(x, dtype=torch.float32)


def gf():
    build = lambda d: zuko.flows.GF(d, transforms=8, components=8)
    return ZukoFlow(build, 1e-2, "8 transforms, 8 components")


def maf():
    build = lambda d: zuko.flows.MAF(d, transforms=5, hidden_features=(128, 128))
    return ZukoFlow(build, 1e-3, "5 transforms, hidden 128, 128")


def nsf():
    build = lambda d: zuko.flows.NSF(d, transforms=5, hidden_features=(128, 128))
    return ZukoFlow(build, 1e-3, "5 transforms, hidden 128, 128")
