"""The whole program over real sockets: a person types, speaks and presses; images come back."""
