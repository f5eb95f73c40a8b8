"""Machine code: the one door to Numba, its cache, vectors, and memory for what runs it."""
