"""What a suite finds: in plain words, what was wanted and what came."""


class Difference(Exception):
    """What L1 did is not what the scenario, or the model, says."""
