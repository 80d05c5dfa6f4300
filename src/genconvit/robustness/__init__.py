"""How scores change when videos are compressed, scaled, blurred, noisy or dark."""
