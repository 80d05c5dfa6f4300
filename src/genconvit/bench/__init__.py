"""Speed of this machine, stage by stage, and the distance of each stage from what it cannot undercut."""
