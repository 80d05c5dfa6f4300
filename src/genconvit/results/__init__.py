"""Results: answers about sources, and their forms."""
