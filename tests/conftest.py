"""Hypothesis profiles, chosen by HYPOTHESIS_PROFILE.

`ci` is deterministic and has no deadline, since machines are shared; `night` searches longer, from
fresh seeds.
"""

import os

from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("night", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
