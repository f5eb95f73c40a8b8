"""What orders cost in cells: as they are built, and levels of prices on paper."""
