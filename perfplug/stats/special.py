"""The beta, normal and Student distributions, by the textbook: Abramowitz and Stegun, chapter 26."""

from __future__ import annotations

import functools
import math

_TINY = 1e-300
_CLOSE = 1e-15
_STEPS_MAX = 200


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a and b above 0."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    # The continued fraction converges fast on the near side of the mean; the other side is its mirror image.
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta_tail(1.0 - x, b, a)
    return _beta_tail(x, a, b)


def beta_quantile(p: float, a: float, b: float) -> float:
    """x with I_x(a, b) = p: Newton's steps, halving the bracket whenever a step would leave it."""
    if p <= 0.0:
        return 0.0
    if p >= 1.0:
        return 1.0
    low, high, x = 0.0, 1.0, a / (a + b)
    for _ in range(_STEPS_MAX):
        error = beta_cdf(x, a, b) - p
        if error > 0.0:
            high = x
        else:
            low = x
        slope = math.exp(_log_density(x, a, b))
        step = error / slope if slope > 0.0 else math.inf
        before, x = x, x - step
        if not low < x < high:
            x = (low + high) / 2.0
        if abs(x - before) <= 1e-14 * x or high - low <= 1e-15 * high:
            break
    return x


def normal_cdf(z: float) -> float:
    """Φ(z)."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def normal_quantile(p: float) -> float:
    """z with Φ(z) = p, for p strictly between 0 and 1."""
    low, high = -40.0, 40.0
    for _ in range(_STEPS_MAX):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if normal_cdf(middle) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def t_cdf(t: float, freedom: float) -> float:
    """P(T ≤ t) for Student's distribution; the normal one for infinitely many degrees of freedom."""
    if math.isinf(freedom):
        return normal_cdf(t)
    tail = 0.5 * beta_cdf(freedom / (freedom + t * t), freedom / 2.0, 0.5)
    return tail if t < 0.0 else 1.0 - tail


@functools.lru_cache(maxsize=256)  # the same few, for every limit and comparison of a session
def t_quantile(p: float, freedom: float) -> float:
    """t with P(T ≤ t) = p for Student's distribution: for the tail 2·min(p, 1 − p), f/(f + t²) is beta(f/2, 1/2)."""
    if p == 0.5:
        return 0.0
    if math.isinf(freedom):
        return normal_quantile(p)
    tail = 2.0 * min(p, 1.0 - p)
    x = beta_quantile(tail, freedom / 2.0, 0.5)
    t = math.sqrt(freedom * (1.0 - x) / x)
    return t if p > 0.5 else -t


def _beta_tail(x: float, a: float, b: float) -> float:
    return math.exp(_log_front(x, a, b)) * _fraction(x, a, b) / a


def _log_front(x: float, a: float, b: float) -> float:
    """log of x^a (1 − x)^b / B(a, b)."""
    return math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)


def _log_density(x: float, a: float, b: float) -> float:
    return _log_front(x, a, b) - math.log(x) - math.log1p(-x)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of 26.5.8, from the front, by Lentz's recurrence."""
    upper, lower = 1.0, 1.0 / _nonzero(1.0 - (a + b) * x / (a + 1.0))
    value = lower
    steps = 1000 + int(10.0 * math.sqrt(a + b))
    for m in range(1, steps):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            lower = 1.0 / _nonzero(1.0 + term * lower)
            upper = _nonzero(1.0 + term / upper)
            change = upper * lower
            value *= change
        if abs(change - 1.0) < _CLOSE:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
