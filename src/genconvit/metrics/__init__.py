"""How good scores are: measures through scikit-learn, with bootstrap intervals."""
