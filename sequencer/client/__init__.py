"""The client of a venue: a core without input or output, and what drives it over HTTP."""
