"""What the dialects share and no vendor owns: the operation table, decoding, replies, limits, OpenAPI."""
