public import Access
public import HTTPServe

extension ServerResponse {
    /// Plain text with the field that keeps browsers from taking it for something else, as Go's
    /// errors have it.
    public static func plain(_ text: String, status: Int) -> ServerResponse {
        var answer = ServerResponse.text(text, status: status)
        answer.fields["X-Content-Type-Options"] = "nosniff"
        return answer
    }

    /// A success in Prometheus's envelope; `data` writes one value.
    public static func success(
        warnings: [String] = [], infos: [String] = [], data: (inout JSONWriter) -> Void
    ) -> ServerResponse {
        .json(Envelope.success(warnings: warnings, infos: infos, data: data))
    }
}

extension ServerResponse {
    /// A success whose data is a list, written bit by bit so that no second copy of it is in memory.
    static func list<Element: Sendable>(
        _ all: [Element], warnings: [String],
        _ write: @escaping @Sendable (inout JSONWriter, Element) -> Void
    ) -> ServerResponse {
        ServerResponse(fields: ["Content-Type": "application/json"]) { output in
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("status", "success")
            writer.key("data")
            writer.beginList()
            for one in all {
                write(&writer, one)
                guard writer.bytes.count >= QueryAnswer.pieceSize else { continue }
                try await output.write(writer.take(reserving: QueryAnswer.pieceSize + 8192))
            }
            writer.endList()
            Envelope.notes("warnings", warnings, &writer)
            writer.endObject()
            try await output.write(writer.take())
        }
    }
}

extension ServerRequest {
    /// Who asks; nobody at all where no gate has looked.
    public var caller: Caller { identity as? Caller ?? .nobody }
}
