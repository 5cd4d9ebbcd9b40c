"""The StackOne Unified LMS API, served by us."""
