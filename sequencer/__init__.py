"""How the venue is run: admission, matching, batching, journal."""
