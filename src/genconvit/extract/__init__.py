"""From labelled videos to a folder of face crops, split so that no face is in two parts."""
