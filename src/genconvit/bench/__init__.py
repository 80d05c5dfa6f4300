"""How fast this machine is, stage by stage, and how far each stage is from what it cannot undercut."""
