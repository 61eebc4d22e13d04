public import Compression

extension ServerRequest {
    /// Whether the client takes a body that is packed as `coding`; what it does not name it does
    /// not take.
    public func accepts(_ coding: ContentCoding) -> Bool {
        fields.values(of: "accept-encoding").joined(separator: ",").split(separator: ",")
            .contains { entry in
                let parts = entry.split(separator: ";").map { trimmed($0) }
                guard parts.first?.lowercased() == coding.rawValue else { return false }
                let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
                return weight.map { Double($0.dropFirst(2)) ?? 0 > 0 } ?? true
            }
    }
}
