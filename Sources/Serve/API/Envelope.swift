/// Prometheus's envelope around every answer of `/api/v1`.
public enum Envelope {
    // More would make an answer of warnings; the rest is counted in one line.
    private static let noteLimit = 10

    /// A success: `data` writes one value.
    public static func success(
        warnings: [String] = [], infos: [String] = [], data: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", "success")
        writer.key("data")
        data(&writer)
        notes("warnings", warnings, &writer)
        notes("infos", infos, &writer)
        writer.endObject()
        return writer.bytes
    }

    /// A failure.
    public static func failure(_ error: APIError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", "error")
        writer.member("errorType", error.type)
        writer.member("error", error.description)
        writer.endObject()
        return writer.bytes
    }

    /// The remarks under `name`, and nothing where there is none.
    static func notes(_ name: String, _ notes: [String], _ writer: inout JSONWriter) {
        guard !notes.isEmpty else { return }
        writer.key(name)
        let left = notes.count - noteLimit
        writer.strings(notes.prefix(noteLimit) + (left > 0 ? ["and \(left) more"] : []))
    }
}
