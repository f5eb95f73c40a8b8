"""Programs that run a venue until they are told to stop."""
