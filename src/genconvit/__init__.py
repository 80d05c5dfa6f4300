"""Tell whether the faces in a video are real or manipulated."""
