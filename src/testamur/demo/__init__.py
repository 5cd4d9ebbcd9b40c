"""A believable organisation to try things on: made from a seed, loaded through the ledger's own verbs."""
