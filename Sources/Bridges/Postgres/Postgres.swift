// Postgres: libpq: connections, results, COPY, notifications.
