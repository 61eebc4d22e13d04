import Testing
struct EmptyTelemetry {}
