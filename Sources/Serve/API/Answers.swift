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

extension ServerRequest {
    /// Who asks; nobody at all where no gate has looked.
    public var caller: Caller { identity as? Caller ?? .nobody }
}
