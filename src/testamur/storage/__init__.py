"""PostgreSQL, and nothing else: connections bound to one tenant, named queries, migrations, an embedded server."""
