"""The total table: sums over positions become limbs."""
