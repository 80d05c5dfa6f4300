"""Labelled data sets as they lie on disk: which videos there are, and what is known of each."""
