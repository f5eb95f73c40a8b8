"""What a machine has, and lacks, of what crypsis wants of it."""
