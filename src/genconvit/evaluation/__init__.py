"""From scored videos with labels to a statement of how good the scores are."""
