"""Minimax coefficients of the SIMD kernels, written to ../src/coefficients.rs.

    python remez.py            fit, print, write
    python remez.py --check    re-read coefficients.rs, verify the errors, exit 1 on failure

Each target is a curve t -> (x, g, w) over a parameter t in [0, 1], to be met by P(x)/Q(x) so that
max |w (P/Q - g)| is least; w makes that the relative error of the function the kernel computes.
Method: rational Remez exchange (Ralston & Wilf 1967, vol. 2, ch. 13; Cheney 1966). Rounding to
double takes one coefficient at a time and refits the others by least squares.
"""

import random
import re
import sys
from pathlib import Path
from typing import Callable, NamedTuple

from mpmath import mp, mpf

mp.dps = 70
COEFFICIENTS = Path(__file__).parent.parent / "src" / "coefficients.rs"
SPAN = 1 + mpf(2) ** -10  # widening of reduced intervals: the reduction itself rounds


class Target(NamedTuple):
    names: list  # the const of P, and that of Q when there is one
    doc: str
    curve: Callable  # t in [0, 1] -> (x, g(x), w(x))
    degrees: tuple  # (deg P, deg Q)
    head: list  # doubles that precede the fitted ones in the const
    bound: float  # largest error allowed for the rounded coefficients


def stretched(t, end, scale):
    """[0, 1] -> [0, end], dense below `scale`: x / (x + scale) is linear in t."""
    u = t * end / (end + scale)
    return scale * u / (1 - u)


def exp_curve(t):
    """g = (e^r - 1 - r - r^2/2) / r^3; w makes r^3 g relative to e^r."""
    r = mp.log(2) / 2 * SPAN * (2 * t - 1)
    if abs(r) < mpf(10) ** -15:
        return r, mpf(1) / 6 + r / 24, abs(r) ** 3
    return r, (mp.expm1(r) - r - r**2 / 2) / r**3, abs(r) ** 3 * mp.exp(-r)


def ln_curve(t):
    """s = f / (2 + f), ln(1 + f) = 2 atanh s, g = (2 atanh s - 2 s) / s^3 in w = s^2."""
    s = mp.sqrt(t) * (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * SPAN
    if s < mpf(10) ** -15:
        return s**2, mpf(2) / 3 + 2 * s**2 / 5, s**2 / 2
    return s**2, 2 * (mp.atanh(s) - s) / s**3, s**3 / (2 * mp.atanh(s))


def mills_curve(t):
    a = stretched(t, mpf("38.6"), 3)
    g = mp.erfc(a / mp.sqrt(2)) * mp.exp(a**2 / 2) / 2
    return a, g, 1 / g


def quantile_curve(t):
    """Walks along z, so that r follows without an inverse; z = 37.435 is r = 37.556."""
    z = stretched(t, mpf("37.435"), 6)
    r0 = mp.sqrt(2 * mp.log(2))
    if z < mpf(10) ** -20:
        return r0, r0 * mp.sqrt(mp.pi / 2), 1 / (r0 * mp.sqrt(mp.pi / 2))
    r = mp.sqrt(-2 * mp.log(mp.erfc(z / mp.sqrt(2)) / 2))
    return r, z / (r - r0), (r - r0) / z


TARGETS = [
    Target(["EXP"], "e^r = 1 + r + r² P(r), |r| <= ln 2 / 2", exp_curve, (8, 0), [0.5], 1e-17),
    Target(["LN"], "ln(1 + f) = 2 s + s³ R(s²), s = f / (2 + f), 1 + f in [√½, √2]", ln_curve, (6, 0), [], 1e-17),
    Target(["MILLS_P", "MILLS_Q"], "Φ(-a) exp(a²/2) = ½ erfcx(a/√2) = P(a) / Q(a), a in [0, 38.6]", mills_curve, (9, 10), [], 7e-17),
    Target(["QUANTILE_P", "QUANTILE_Q"], "-Φ⁻¹(p) = (r - r0) P(r) / Q(r), r = √(-2 ln p) in [r0, 37.5], r0 = √(2 ln 2)", quantile_curve, (11, 11), [], 5e-17),
]


def horner(coefficients, x):
    y = mpf(0)
    for c in reversed(coefficients):
        y = y * x + c
    return y


def split(target, c):
    return c[: target.degrees[0] + 1], c[target.degrees[0] + 1 :]


def error(target, c, point):
    x, g, w = point
    p, q = split(target, c)
    return w * (horner(p, x) / horner(q, x) - g)


def row(target, point):
    """P(x) - g Q(x) as a linear form in the coefficients."""
    x, g, _ = point
    m, n = target.degrees
    return [x**i for i in range(m + 1)] + [-g * x**i for i in range(n + 1)]


def solve(target, points, c, level):
    """One Newton step on w (P/Q - g) = ±level at the reference, unknown c and level.

    With c None: interpolation, level 0."""
    one = target.degrees[0] + 1  # Q(0) = 1
    free = [i for i in range(sum(target.degrees) + 2) if i != one]
    a, b = [], []
    for k, point in enumerate(points):
        x, _, w = point
        line, extra, known = row(target, point), [], mpf(0)
        if c is not None:  # E Q ~ level Q + (E - level) Q_old
            sign = (-1) ** k / w
            q_old = horner(split(target, c)[1], x)
            for i in range(target.degrees[1] + 1):
                line[one + i] -= sign * level * x**i
            extra, known = [-sign * q_old], sign * level * q_old
        a.append([line[i] for i in free] + extra)
        b.append(-known - line[one])
    y = mp.lu_solve(mp.matrix(a), mp.matrix(b))
    new = list(y)[: len(free)]
    new.insert(one, mpf(1))
    return new, (mpf(0) if c is None else y[len(free)])


def extrema(target, c, ts, points):
    """Parameters of the largest |error| between sign changes, refined by a parabola."""
    errors = [error(target, c, point) for point in points]
    found = []
    for k, e in enumerate(errors):
        if found and (e > 0) == (errors[found[-1]] > 0):
            if abs(e) > abs(errors[found[-1]]):
                found[-1] = k
        elif e != 0:
            found.append(k)
    refined = []
    for k in found:
        t, e = ts[k], errors[k]
        if 0 < k < len(ts) - 1:
            (t0, e0), (t2, e2) = (ts[k - 1], errors[k - 1]), (ts[k + 1], errors[k + 1])
            u, v = (t - t0) * (e - e2), (t - t2) * (e - e0)
            t -= ((t - t0) * u - (t - t2) * v) / (2 * (u - v))
        refined.append(t)
    return refined


def grid(target, n):
    ts = [(1 - mp.cos(mp.pi * k / (n - 1))) / 2 for k in range(n)]
    return ts, [target.curve(t) for t in ts]


def remez(target, points_per_lobe=40):
    unknowns = sum(target.degrees) + 1
    ts, points = grid(target, points_per_lobe * unknowns)
    nodes = [target.curve((1 - mp.cos(mp.pi * (k + mpf(1) / 2) / unknowns)) / 2) for k in range(unknowns)]
    c, level = solve(target, nodes, None, 0)
    for _ in range(40):
        reference = [target.curve(t) for t in extrema(target, c, ts, points)]
        errors = [error(target, c, point) for point in reference]
        while len(reference) > unknowns + 1:  # drop the weaker end
            end = 0 if abs(errors[0]) < abs(errors[-1]) else -1
            reference.pop(end), errors.pop(end)
        if len(reference) < unknowns + 1:
            raise ArithmeticError(f"{target.names}: {len(reference)} alternations, need {unknowns + 1}")
        sizes = [abs(e) for e in errors]
        if max(sizes) < mpf("1.0001") * min(sizes):
            return c, max(sizes)
        level = sum(e * (-1) ** k for k, e in enumerate(errors)) / len(errors)
        for _ in range(6):
            c, level = solve(target, reference, c, level)
    raise ArithmeticError(f"{target.names}: no convergence")


def worst(target, c, points):
    return max(abs(error(target, c, point)) for point in points)


def refit(target, c, done, points):
    """Least squares on the coefficients outside `done`, linearised about c."""
    free = [i for i in range(len(c)) if i not in done]
    a, b = [], []
    for point in points:
        x, _, w = point
        scale = w / horner(split(target, c)[1], x)
        line = [scale * v for v in row(target, point)]
        a.append([line[i] * c[i] for i in free])  # columns scaled by the coefficients
        b.append(-sum(line[i] * c[i] for i in done))
    a, b = mp.matrix(a), mp.matrix(b)
    y = mp.lu_solve(a.T * a, a.T * b)
    c = list(c)
    for i, v in zip(free, y):
        c[i] *= v
    return c


def rounded(target, c, orders):
    """Doubles near c: to nearest, or one at a time in a few random orders; the best of these."""
    rng = random.Random(1)
    m = target.degrees[0] + 1
    _, coarse = grid(target, 4 * len(c) + 1)
    coarse = [point for point in coarse if point[2] != 0]
    _, fine = grid(target, 400)
    best = [mpf(float(v)) for v in c]
    least = worst(target, best, fine)
    for _ in range(orders):
        order = [i for i in range(len(c)) if i != m]
        rng.shuffle(order)
        trial, done = list(c), {m}
        for i in order:
            trial[i] = mpf(float(trial[i]))
            done.add(i)
            if len(done) < len(c):
                trial = refit(target, trial, done, coarse)
        e = worst(target, trial, fine)
        if e < least and all(v > 0 for v in trial):
            best, least = trial, e
    return best


def rust(target, c, minimax, after):
    text = ""
    p, q = split(target, c)
    for name, values in zip(target.names, (target.head + p, q)):
        which = "" if len(target.names) == 1 else f" {name[-1]} of"
        text += f"\n///{which} {target.doc}: minimax relative error {mp.nstr(minimax, 2)}, rounded {mp.nstr(after, 2)}.\n"
        text += f"pub(crate) const {name}: [f64; {len(values)}] = [\n"
        text += "".join(f"    {float(v)!r},\n" for v in values) + "];\n"
    return text


def generate(orders):
    text = "//! Minimax coefficients; written by golden/remez.py, do not edit.\n"
    text += "#![allow(clippy::unreadable_literal, clippy::excessive_precision)]\n"
    for target in TARGETS:
        c, minimax = remez(target)
        c = rounded(target, c, orders)
        after = worst(target, c, grid(target, 2000)[1])
        block = rust(target, c, minimax, after)
        print(block, flush=True)
        text += block
    COEFFICIENTS.write_text(text)


def check():
    source = COEFFICIENTS.read_text()
    ok = True
    for target in TARGETS:
        c = []
        for name in target.names:
            body = re.search(rf"const {name}: \[f64; \d+\] = \[(.*?)\];", source, re.S).group(1)
            c += [mpf(float(v)) for v in body.split(",") if v.strip()]
        if len(target.names) == 1:
            c.append(mpf(1))
        head, c = c[: len(target.head)], c[len(target.head) :]
        e = worst(target, c, grid(target, 3001)[1])
        fine = head == target.head and len(c) == sum(target.degrees) + 2
        fine = fine and e <= target.bound and all(v > 0 for v in c)
        ok &= fine
        print(f"{'ok  ' if fine else 'FAIL'} {'/'.join(target.names)}: {mp.nstr(e, 3)} (bound {target.bound})")
    return 0 if ok else 1


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(check())
    generate(orders=int(sys.argv[1]) if len(sys.argv) > 1 else 20)
