"""The page at `/`: one venue, for whoever looks. Static files, and the words on them."""
