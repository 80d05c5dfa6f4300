"""From frames to face crops: detectors, the square rule, and cropping."""
