"""Face crops on disk: where they came from, and what is known of them."""
