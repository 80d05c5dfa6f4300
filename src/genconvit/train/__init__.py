"""Training: from face crops on disk to a checkpoint that ``Detector`` loads."""
