"""Several concepts fused into one adapter that keeps each as it is alone."""
