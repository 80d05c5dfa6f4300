"""From a file to frames: decoders, images and folders, and the choice of frames."""
