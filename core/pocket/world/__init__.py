"""A captioned world of drawn things, 64 × 64 pixels: what the pocket models know."""
