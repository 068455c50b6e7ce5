"""The control API (CONTROL.md): HTTP and a WebSocket under /control."""
