"""Golden values of the normal law, the mixture layer, tails and two moons, from mpmath.

    python generate.py            write the files
    python generate.py --check    regenerate in memory, compare, exit 1 on a difference

Inputs are exact doubles. Every output is evaluated with 50 digits and again with 100, 200, ...
until two evaluations in a row round to the same double.
"""

import random
import sys
from math import inf, ldexp, nextafter
from pathlib import Path

from mpmath import mp, mpf

HERE = Path(__file__).parent
TWO_MOONS = HERE.parent.parent / "gauss-cli" / "golden" / "two_moons.csv"


def to_double(v):
    """Nearest double, rounding once where the result is subnormal."""
    if abs(v) < mpf(2) ** -1022:
        scaled = int(mp.nint(mp.ldexp(abs(v), 1074)))
        return -ldexp(scaled, -1074) if v < 0 else ldexp(scaled, -1074)
    return float(v)


def settled(f, *args, dps=50):
    """f(*args) as doubles; what vanishes with the working precision is an exact zero."""
    before = None
    while dps <= 1600:
        with mp.workdps(dps):
            values = f(*args)
        if before is not None:
            pairs = list(zip(before, values))
            now = [0.0 if is_noise(u, v, dps) else to_double(v) for u, v in pairs]
            if all(n == 0.0 or n == to_double(u) for n, (u, v) in zip(now, pairs)):
                return now
        before, dps = values, 2 * dps
    raise ArithmeticError(f"{f.__name__}{args}: not settled")


def is_noise(u, v, dps):
    """u from dps/2 digits, v from dps: both at rounding level, so their limit is zero."""
    return abs(u) < mpf(10) ** (12 - dps // 2) and abs(v) < mpf(10) ** (12 - dps) and abs(v) < abs(u) / 1000


# The normal law. Tails are computed as tails: no 1 - p.


def upper(x):
    """Φ(-x)"""
    return mp.erfc(x / mp.sqrt(2)) / 2


def log_density(x):
    return -x * x / 2 - mp.log(2 * mp.pi) / 2


def log_of_tail(p, other):
    return mp.log(p) if p < other else mp.log1p(-other)


def normal(x):
    x = mpf(x)
    cdf, sf = upper(-x), upper(x)
    return [mp.exp(log_density(x)), log_density(x), cdf, sf, log_of_tail(cdf, sf), log_of_tail(sf, cdf)]


def z_of_tail(q):
    """z >= 0 with Φ(-z) = q <= 1/2: Newton on the logarithm, from above."""
    if q == mpf(0.5):
        return mpf(0)
    target = mp.log(q)
    z = mp.sqrt(-2 * target)
    for _ in range(200):
        p = upper(z)
        step = (mp.log(p) - target) * p / mp.exp(log_density(z))
        z += step
        if abs(step) <= abs(z) * mpf(10) ** (-mp.dps * 2 / 3) or abs(step) < mpf(10) ** (2 - mp.dps):
            return z
    raise ArithmeticError(f"z_of_tail({q})")


def quantile(p):
    p = mpf(p)
    return [-z_of_tail(p) if p <= 0.5 else z_of_tail(1 - p)]  # 1 - p is exact here


def quantile_log(ln_p):
    ln_p = mpf(ln_p)
    if ln_p < -mp.log(2):
        return [-z_of_tail(mp.exp(ln_p))]
    return [z_of_tail(-mp.expm1(ln_p))]


# The mixture layer z = Φ⁻¹(Σ π_k Φ((x - μ_k) / σ_k)).


def softmax(logits):
    e = [mp.exp(mpf(v)) for v in logits]
    return [v / sum(e) for v in e]


def mixture(components, x):
    weights = softmax([logit for logit, _, _ in components])
    f = cdf = sf = mpf(0)
    for weight, (_, mean, log_sigma) in zip(weights, components):
        sigma = mp.exp(mpf(log_sigma))
        t = (mpf(x) - mpf(mean)) / sigma
        f += weight * mp.exp(log_density(t)) / sigma
        cdf += weight * upper(-t)
        sf += weight * upper(t)
    z = -z_of_tail(cdf) if cdf < sf else z_of_tail(sf)
    return [z, mp.log(f) - log_density(z), mp.log(f), log_of_tail(cdf, sf), log_of_tail(sf, cdf)]


# A tail that falls like a power, made normal: p (1 + index y / scale)^(-1 / index) = Φ(-z).


def tail(p, scale, index, y):
    p, scale, index, y = mpf(p), mpf(scale), mpf(index), mpf(y)
    log_power = mp.log1p(index * y / scale)
    start, z = z_of_tail(p), z_of_tail(p * mp.exp(-log_power / index))
    ratio = lambda z: upper(z) / mp.exp(log_density(z))
    bend = (z * ratio(z) - 1 - index) / (scale + index * y)
    return [scale / ratio(start) * (z - start), mp.log(ratio(z) / ratio(start)) - log_power, bend]


# Two moons: each arc t uniform on [0, π], weight 1/2, isotropic normal noise.


def two_moons(x, y):
    x, y, sigma = mpf(x), mpf(y), mpf(0.05)
    arcs = [lambda t: (mp.cos(t), mp.sin(t)), lambda t: (1 - mp.cos(t), 1 - mp.sin(t) - mpf(0.5))]
    pieces = [mp.pi * k / 24 for k in range(25)]
    nearest = min((x - u) ** 2 + (y - v) ** 2 for arc in arcs for u, v in map(arc, pieces))
    total = mpf(0)
    for arc in arcs:

        def kernel(t):
            u, v = arc(t)
            return mp.exp((nearest - (x - u) ** 2 - (y - v) ** 2) / (2 * sigma**2))

        total += mp.quad(kernel, pieces, method="gauss-legendre") / (2 * mp.pi)
    return [mp.log(total / (2 * mp.pi * sigma**2)) - nearest / (2 * sigma**2)]


# Inputs.


def linspace(a, b, n):
    return [a + (b - a) * i / (n - 1) for i in range(n)]


def logspace(a, b, n):
    return [float(mpf(10) ** (mpf(a) + (mpf(b) - a) * i / (n - 1))) for i in range(n)]


def ulps(x, ks):
    """The k-th double above x (below, for k < 0)."""
    moved = []
    for k in ks:
        v = x
        for _ in range(abs(k)):
            v = nextafter(v, inf if k > 0 else -inf)
        moved.append(v)
    return moved


def normal_inputs():
    positive = [0.0, 1e-300, 1e-20, 1e-8, 1e-4] + linspace(0.0625, 9.0, 110)[:-1] + linspace(9.0, 37.5, 45)
    positive += [37.6, 37.9, 38.2, 38.4, 38.45, 38.5, 38.6, 39.0, 50.0, 100.0, 1e3, 1e4, 1e6, 1e8, 1e15, 1e150]
    return sorted([-x for x in positive[1:]]) + [-0.0] + positive


def quantile_inputs():
    lower = [1e-300, 1e-285] + logspace(-280, -20, 60) + logspace(-19, -2, 50) + linspace(0.0125, 0.4975, 60)
    near = [0.5 - v for v in logspace(-3, -15, 13)] + ulps(0.5, range(-4, 5)) + [0.5 + v for v in logspace(-15, -3, 13)]
    top = linspace(0.5025, 0.9875, 50) + [1 - v for v in logspace(-2, -15, 27)] + ulps(1.0, [-9, -4, -3, -2, -1])
    return sorted(set(lower + near + top))


def quantile_log_inputs():
    ln_half = -0.6931471805599453
    small = [-1e-300, -1e-200, -1e-100, -1e-50] + [-v for v in logspace(-30, -1, 59)]
    middle = linspace(-0.675, -0.105, 40) + ulps(ln_half, [-1000, -10, -2, -1, 0, 1, 2, 10, 1000])
    middle += [ln_half - v for v in logspace(-10, -2, 9)] + [ln_half + v for v in logspace(-10, -2, 9)]
    large = linspace(-40.0, -0.71, 100) + linspace(-760.0, -41.0, 60) + [-700.0, -708.5, -745.0, -745.2]
    large += [-v for v in logspace(3, 15, 25)]
    return sorted(set(small + middle + large))


def cases():
    """Components as (logit, mean, log_sigma)."""
    ln_1e4 = 9.210340371976182
    rng = random.Random(7)
    moons_means = [-1.02, -0.71, -0.18, 0.27, 0.74, 1.21, 1.68, 2.01]
    moons_sigmas = [-2.41, -1.83, -1.52, -1.61, -1.55, -1.58, -1.79, -2.36]
    moons_logits = [0.12, -0.31, -0.22, 0.41, 0.38, -0.19, -0.27, 0.09]
    scattered = [(round(rng.gauss(0, 1), 3), round(rng.gauss(0, 2), 3), round(rng.gauss(-0.7, 0.8), 3)) for _ in range(8)]
    return {
        "standard": [(0.0, 0.0, 0.0)],
        "shifted_narrow": [(0.7, -3.25, -ln_1e4)],
        "separated": [(0.3, -30.0, 0.0), (-0.2, 30.0, 0.0)],
        "coincident": [(0.1, 0.5, -0.3), (-0.4, 0.5000001, -0.2999999)],
        "scales": [(0.0, 0.2, -ln_1e4), (0.5, -0.4, 0.0), (-0.6, 3.0, ln_1e4)],
        "moons": list(zip(moons_logits, moons_means, moons_sigmas)),
        "faint": [(0.2, -1.0, -0.5), (-0.1, 1.5, 0.1), (-700.0, 12.0, -1.0)],
        "scattered": scattered,
    }


def mixture_inputs(components):
    sigmas = [float(mp.exp(log_sigma)) for _, _, log_sigma in components]
    centred = sorted((mean, sigma) for (_, mean, _), sigma in zip(components, sigmas))
    xs = [mean + t * sigma for mean, sigma in centred for t in (-3.3, -1.0, -0.1, 0.0, 0.35, 1.7, 6.0)]
    for (left, _), (right, _) in zip(centred, centred[1:]):
        xs += [left + share * (right - left) for share in (0.1, 0.25, 0.5, 0.8)]
    for t in (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 36.0, 38.0, 40.0, 100.0, 1e3, 1e6):
        xs += [centred[0][0] - t * max(sigmas), centred[-1][0] + t * max(sigmas)]
    return sorted(set(xs))


def tail_inputs():
    tails = [(0.5, 1.0, 1.0), (0.25, 1.316, 1.0), (0.1, 3.29, 1.0), (0.1, 0.95, 0.3), (0.02, 1e6, 0.05), (0.2, 1e-9, 2.5)]
    ys = [1e-12, 1e-6, 1e-3] + linspace(0.0625, 4.0, 30) + logspace(1, 12, 23) + [1e50, 1e150, 1e280]
    return [(*tail, float(mpf(y) * mpf(tail[1]))) for tail in tails for y in ys]


def two_moons_inputs():
    points = []
    for i in range(13):
        t = mp.pi * i / 12
        c, s = float(mp.cos(t)), float(mp.sin(t))
        points += [(c, s), (1 - c, 0.5 - s), (1.06 * c, 1.06 * s), (1 - 0.8 * c, 0.5 - 0.8 * s)]
    points += [(-1.0, -0.1), (1.0, -0.1), (0.0, 0.6), (2.0, 0.6), (0.5, 0.25), (0.0, 0.0), (1.0, 0.5)]
    points += [(x, y) for x in linspace(-1.3, 2.3, 7) for y in linspace(-0.8, 1.3, 6)]
    for i in range(8):
        t = mp.pi * i / 4
        points += [(0.5 + d * float(mp.cos(t)), 0.25 + d * float(mp.sin(t))) for d in (2.5, 5.0)]
    return points


# Files.


def csv(header, rows):
    lines = [",".join(v if isinstance(v, str) else repr(v) for v in row) for row in rows]
    return "\n".join([header] + lines) + "\n"


def files():
    yield HERE / "normal.csv", csv("x,pdf,log_pdf,cdf,sf,log_cdf,log_sf", ([x] + settled(normal, x) for x in normal_inputs()))
    yield HERE / "quantile.csv", csv("p,z", ([p] + settled(quantile, p) for p in quantile_inputs()))
    yield HERE / "quantile_log.csv", csv("ln_p,z", ([v] + settled(quantile_log, v) for v in quantile_log_inputs()))
    parameters = [[name, k, *c] for name, components in cases().items() for k, c in enumerate(components)]
    yield HERE / "mixture_params.csv", csv("case,k,logit,mean,log_sigma", parameters)
    rows = ([name, x] + settled(mixture, c, x) for name, c in cases().items() for x in mixture_inputs(c))
    yield HERE / "mixture.csv", csv("case,x,z,log_jac,log_pdf,log_cdf,log_sf", rows)
    rows = ([*v] + settled(tail, *v) for v in tail_inputs())
    yield HERE / "tail.csv", csv("p,scale,index,y,w,log_jac,bend", rows)
    rows = ([x, y] + settled(two_moons, x, y, dps=30) for x, y in two_moons_inputs())
    yield TWO_MOONS, csv("x,y,log_density", rows)


if __name__ == "__main__":
    ok = True
    for path, text in files():
        if "--check" in sys.argv:
            same = path.exists() and path.read_text() == text
            ok &= same
            print("ok  " if same else "FAIL", path.name, flush=True)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            print(path.name, text.count("\n") - 1, "rows", len(text), "bytes", flush=True)
    sys.exit(0 if ok else 1)
