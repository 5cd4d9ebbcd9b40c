"""A tenant's facts as files that other tools read without help."""
