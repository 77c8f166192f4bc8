"""What probes and monitoring ask over HTTP: a scheduler's own small server, and a page."""
