"""Evaluation of scored videos with labels: a statement of how good the scores are."""
