"""From a source to the scores of its faces."""
