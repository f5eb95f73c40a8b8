"""The venue over HTTP: routes, their description, errors by name, limits on every client."""
