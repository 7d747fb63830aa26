"""OWL 2 RL reasoning with proofs."""
