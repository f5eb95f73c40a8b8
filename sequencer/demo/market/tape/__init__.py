"""Recorded feeds: files of frames or of Binance's public data, read strictly, as trades."""
