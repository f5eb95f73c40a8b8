"""sequencer/leak package."""
