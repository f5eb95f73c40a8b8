"""The demonstration: a whole rollup on a seeded or recorded market."""
