// Telemetry: what Weir says of itself.
