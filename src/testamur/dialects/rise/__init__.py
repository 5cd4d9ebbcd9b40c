"""The Rise API, later sold as Reach 360, served by us."""
