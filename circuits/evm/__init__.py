"""What a verifier on an EVM is given: data of a circuit and a parameter set, never code."""
