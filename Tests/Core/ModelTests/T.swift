import Testing
struct EmptyModel {}
