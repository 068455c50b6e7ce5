"""The process that owns the GPU: its loop and what it runs. The only user of torch."""
