"""The command line of the proof system, and what its commands say."""
