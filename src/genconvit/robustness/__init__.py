"""Change of scores when videos are compressed, scaled, blurred, noisy or dark."""
