"""Heat maps: where in a face a network found what its score rests on."""
