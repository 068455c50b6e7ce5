"""The dispatcher and its ways to a worker."""
