"""What Atelier does, without Discord: domain, queue, services, dispatch and the worker."""
