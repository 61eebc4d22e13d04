// PrivatePostgres: a PostgreSQL cluster of Weir's own.
