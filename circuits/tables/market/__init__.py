"""The market table: public terms, for positions and fills."""
