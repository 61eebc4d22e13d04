// Configuration: prometheus.yml and weir.yml as values.
