"""A stress test: recorded crash days through the whole pipeline, with a report at the end."""
