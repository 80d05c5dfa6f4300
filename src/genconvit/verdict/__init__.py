"""Verdict: an answer from scores."""
