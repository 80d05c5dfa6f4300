"""Measures of how good scores are, through scikit-learn, with bootstrap intervals."""
