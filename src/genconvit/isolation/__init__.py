"""Reading in worker processes, so that a file that crashes or hangs its decoder cannot take the caller along."""
