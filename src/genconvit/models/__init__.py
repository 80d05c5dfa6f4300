"""The architectures, and the contract they share."""
