"""The learning records of cPod's enterprise data model, served by us."""
