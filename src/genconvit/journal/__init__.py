"""A journal of results: what is finished survives any end of a run, and the same command goes on from there."""
