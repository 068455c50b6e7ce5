"""How the learning rate goes over a run."""

WARMUP_STEPS = 20
LEAST_RATE = 0.05


def rate_factor(step: int, steps: int) -> float:
    """What the learning rate is multiplied with: a short rise, a plateau, a fall from half way."""
    rise = min(1.0, (step + 1) / WARMUP_STEPS)
    fall = 1.0 - max(0.0, step / steps - 0.5) * 2
    return rise * max(LEAST_RATE, fall)
