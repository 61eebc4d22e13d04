// Relabeling: Prometheus's relabel rules.
