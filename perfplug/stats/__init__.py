"""The arithmetic of verdicts: pure functions of numbers, without any notion of results or limits.

Methods are in docs/statistics.md, and are tested against SciPy, which is not needed to run.
"""

ALPHA = 0.05  # each side of a verdict; a shown interval leaves half of it on either side
