"""Benchmarks of perfplug itself: ``make bench``. Never part of the tests; figures are ratios within one run."""
