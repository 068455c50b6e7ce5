"""How a concept is taught from pictures."""
