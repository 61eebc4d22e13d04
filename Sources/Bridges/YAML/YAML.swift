// YAML: libyaml's events as nodes that know where they stand.
