"""What happens to orders: core, ledger and book, without clock, chance, input or output."""
