"""A Discord-compatible server on this machine: REST v10, gateway, CDN, and people to act as."""
