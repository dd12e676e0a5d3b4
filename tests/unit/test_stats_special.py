"""The beta, normal and Student distributions against SciPy's."""

from __future__ import annotations

import itertools

import pytest
from scipy import stats as scipy_stats

from perfplug.stats import special

SHAPES = (0.3, 0.5, 1.0, 2.5, 17.0, 299.0, 5e3, 2e5, 2e7)
PROBABILITIES = (1e-6, 0.005, 0.025, 0.05, 0.5, 0.95, 0.975, 0.999999)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(SHAPES, SHAPES)))
def test_the_beta_quantile_is_scipys_over_a_wide_grid(a: float, b: float) -> None:
    for p in PROBABILITIES:
        theirs = float(scipy_stats.beta.ppf(p, a, b))
        # SciPy itself is good to about 1e-7 where a or b runs into the millions.
        assert special.beta_quantile(p, a, b) == pytest.approx(theirs, rel=1e-6, abs=1e-300), p


@pytest.mark.parametrize(("a", "b"), list(itertools.product(SHAPES, SHAPES)))
def test_the_beta_distribution_is_scipys_over_a_wide_grid(a: float, b: float) -> None:
    for x in (1e-9, 1e-4, 0.01, 0.3, 0.5, 0.99, 0.999999):
        theirs = float(scipy_stats.beta.cdf(x, a, b))
        assert special.beta_cdf(x, a, b) == pytest.approx(theirs, rel=1e-6, abs=1e-12), x


@pytest.mark.parametrize("freedom", [1, 2, 5, 9, 29, 50, 9_999])
def test_the_t_quantile_is_scipys(freedom: int) -> None:
    for p in (0.001, 0.025, 0.05, 0.4, 0.5, 0.6, 0.95, 0.975, 0.995):
        theirs = float(scipy_stats.t.ppf(p, freedom))
        assert special.t_quantile(p, freedom) == pytest.approx(theirs, rel=1e-8, abs=1e-9)


def test_the_normal_quantile_is_scipys() -> None:
    for p in (1e-9, 0.01, 0.05, 0.5, 0.95, 0.999):
        assert special.normal_quantile(p) == pytest.approx(float(scipy_stats.norm.ppf(p)), rel=1e-9, abs=1e-12)


def test_the_ends_are_the_ends() -> None:
    assert special.beta_quantile(0.0, 2.0, 3.0) == 0.0
    assert special.beta_quantile(1.0, 2.0, 3.0) == 1.0
    assert special.beta_cdf(0.0, 2.0, 3.0) == 0.0
    assert special.beta_cdf(1.0, 2.0, 3.0) == 1.0
