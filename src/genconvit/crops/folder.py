"""A folder of crops: with a manifest, or the bare train/valid/test x fake/real tree of the reference's users."""
