"""Figures of scipy and statsmodels, for test/unit/evaluation/statistics.

Usage: statistics-goldens.py OUTPUT.json
Needs: pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
"""

import json
import math
import sys

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_confint

RANDOM = np.random.default_rng(20)
MASK = 2**32 - 1


def normal():
    points = [-8.4, -6.5, -5, -3.3, -1.96, -1, -0.3, 0, 1e-9, 0.5, 1.2, 2.5758, 4, 7]
    levels = [1e-300, 1e-20, 1e-9, 1e-5, 0.001, 0.005, 0.025, 0.05, 0.075, 0.0751, 0.3, 0.5, 0.7, 0.925, 0.975, 0.999999]
    return {
        "cdf": [[x, stats.norm.cdf(x)] for x in points],
        "quantile": [[p, stats.norm.ppf(p)] for p in levels],
        "student": [
            [level, freedom, stats.t.ppf((1 + level) / 2, freedom)]
            for level in (0.5, 0.8, 0.9, 0.95, 0.99)
            for freedom in (4, 5, 7, 10, 29, 100, 999, 10**6)
        ],
    }


def wilson():
    rows = []
    for n in (1, 2, 5, 30, 100, 1000, 10**5):
        for hits in sorted({0, 1, n // 50, n // 3, n // 2, n - 1, n}):
            for level in (0.8, 0.95, 0.99):
                rows.append([hits, n, level, *map(float, proportion_confint(hits, n, 1 - level, "wilson"))])
    return rows


def clustered():
    """Wilson's interval of the effective rows, whose variance is that of OLS with errors clustered by group."""
    sets = []
    for groups, rate in ((8, 0.5), (20, 0.8), (60, 0.1), (200, 0.95)):
        ids = np.repeat(np.arange(groups), RANDOM.integers(1, 5, groups))
        own = RANDOM.random(groups) < rate
        hits = np.where(RANDOM.random(len(ids)) < 0.6, own[ids], RANDOM.random(len(ids)) < rate).astype(int)
        share = hits.mean()
        fit = sm.OLS(hits.astype(float), np.ones(len(ids))).fit(cov_type="cluster", cov_kwds={"groups": ids})
        size = min(len(ids), share * (1 - share) / float(fit.cov_params()[0, 0]))
        alpha = 2 * stats.norm.sf(stats.t.ppf(0.975, groups - 1))
        low, high = proportion_confint(share * size, size, alpha, "wilson")
        sets.append({"ids": ids.tolist(), "hits": hits.tolist(), "low": float(low), "high": float(high), "error": float(fit.bse[0])})
    return sets


def mcnemars():
    pairs = [(0, 0), (1, 0), (0, 5), (6, 0), (5, 5), (7, 8), (10, 2), (2, 9), (40, 61), (300, 250), (1200, 1000)]
    pairs += [tuple(map(int, RANDOM.integers(0, 60, 2))) for _ in range(40)]
    rows = [[won, lost, float(mcnemar([[3, won], [lost, 4]], exact=True).pvalue)] for won, lost in pairs]
    large = [(500_000, 501_000), (499_000, 502_500), (10**7, 10**7 + 12_000), (400, 9_600), (1, 900)]
    return rows + [[won, lost, float(stats.binomtest(won, won + lost).pvalue)] for won, lost in large]


def holms():
    rows = []
    for m in (1, 2, 3, 8, 50):
        ps = RANDOM.random(m) ** 4
        if m > 3:
            ps[1] = ps[0]
        rows.append({"p": ps.tolist(), "adjusted": multipletests(ps, method="holm")[1].tolist()})
    return rows


def powers():
    solve = NormalIndPower(ddof=0).solve_power
    return [
        [difference, deviation, level, power, float(solve(difference / deviation, None, 1 - level, power, 0))]
        for difference, deviation, level, power in (
            (0.03, 1 / 3, 0.95, 0.8),
            (0.1, 0.5, 0.95, 0.9),
            (0.01, 0.2, 0.99, 0.8),
        )
    ]


def sample(name, rows, figure, paired):
    """scipy's intervals at the level that the expanded percentiles ask for."""
    n = len(rows)
    z = stats.t.ppf(0.975, n - 1) * math.sqrt(n / (n - 1))
    intervals = {}
    for method in ("percentile", "BCa"):
        found = stats.bootstrap(
            tuple(np.array(rows).T),
            figure,
            paired=paired,
            vectorized=True,
            confidence_level=2 * stats.norm.cdf(z) - 1,
            n_resamples=200_000,
            batch=2_000,
            method=method,
            rng=np.random.default_rng(1),
        )
        intervals[method.lower()] = [float(found.confidence_interval.low), float(found.confidence_interval.high)]
    return {"name": name, "rows": rows, "error": float(found.standard_error), **intervals}


def samples():
    skewed = [[round(float(x), 4)] for x in RANDOM.random(60) ** 4]
    edits = [[int(RANDOM.poisson(1.5)), int(RANDOM.integers(4, 40))] for _ in range(80)]
    pairs = [[int(RANDOM.poisson(2)), int(RANDOM.poisson(1)), int(RANDOM.integers(4, 40))] for _ in range(80)]
    return [
        sample("mean", skewed, lambda x, axis: x.mean(axis=axis), False),
        sample("rate", edits, lambda e, n, axis: e.sum(axis=axis) / n.sum(axis=axis), True),
        sample("difference", pairs, lambda a, b, n, axis: (a.sum(axis=axis) - b.sum(axis=axis)) / n.sum(axis=axis), True),
        {**sample("median", skewed, lambda x, axis: np.median(x, axis=axis), False), "bca": None},
    ]


class Sfc32:
    def __init__(self, seed):
        self.a, self.b, self.c, self.d = seed & MASK, (seed >> 32) & MASK, 0x9E3779B9, 1
        self.counts(16)

    def bits(self):
        bits = (self.a + self.b + self.d) & MASK
        self.d = (self.d + 1) & MASK
        self.a = self.b ^ (self.b >> 9)
        self.b = (self.c + (self.c << 3)) & MASK
        self.c = ((((self.c << 21) | (self.c >> 11)) & MASK) + bits) & MASK
        return bits

    def counts(self, n):
        counts = [0] * n
        for _ in range(n):
            counts[self.bits() * n >> 32] += 1
        return counts


def draws():
    rows = []
    for seed in (0, 1, 20_261_130, 2**53 - 1):
        source = Sfc32(seed)
        rows.append({"seed": seed, "counts": [source.counts(7), source.counts(7), source.counts(40)]})
    return rows


def main(output):
    goldens = {
        "normal": normal(),
        "wilson": wilson(),
        "clustered": clustered(),
        "mcnemar": mcnemars(),
        "holm": holms(),
        "power": powers(),
        "samples": samples(),
        "draws": draws(),
    }
    with open(output, "w") as file:
        file.write("{\n" + ",\n".join(f'"{name}": {json.dumps(part)}' for name, part in goldens.items()) + "\n}\n")


main(sys.argv[1])
