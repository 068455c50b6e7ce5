"""The embedded models: a small drawn world, how models are trained on it, and their weights."""
