"""Evidence that a person can look at: what a result says, drawn on frames and as pictures."""
