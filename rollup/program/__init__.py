"""What every program of crypsis shares: commands, exit codes, standard streams, processes."""
