"""sequencer/mirror package."""
