"""The Discord side of Atelier."""
