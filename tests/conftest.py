"""Hypothesis profiles, chosen by HYPOTHESIS_PROFILE, without deadlines: machines are shared.

`fixed` draws the same examples every time; `random` others every time, or those of a seed
(`--hypothesis-seed`); `night` searches longer. Each says what it is: what a profile leaves open it
takes from Hypothesis, which draws the same examples for ever wherever CI is set.
"""

import os

from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile(
    "random", deadline=None, derandomize=False, database=None, print_blob=True
)
settings.register_profile("night", settings.get_profile("random"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
