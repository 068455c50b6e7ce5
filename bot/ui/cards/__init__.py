"""Pure functions that draw cards: values in, a `Card` out. User text is escaped here."""
