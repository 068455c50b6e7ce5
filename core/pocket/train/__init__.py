"""How the pocket models are made: one seeded, resumable stage a module."""
