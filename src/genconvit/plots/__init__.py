"""Pictures of an evaluation, with matplotlib (``pip install 'genconvit[plots]'``)."""
