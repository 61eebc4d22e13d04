/// What a token endpoint answered.
struct TokenReply: Sendable, Equatable {
    let token: String
    /// `Bearer`, in the spelling that servers expect.
    let type: String
    /// `nil` where the server says nothing, or nothing sensible.
    let life: Duration?

    /// Reads an answer: JSON, or a form where its content type says so.
    init(_ response: HTTPResponse, hiding secret: String) throws(TokenProblem) {
        let fields = Self.fields(of: response)
        let isGood = (200..<300).contains(response.status)
        guard isGood, fields?["error"] == nil else {
            var words = isGood ? "" : "it answered \(response.statusLine)"
            for part in [fields?["error"], fields?["error_description"]] {
                guard let part, !part.isEmpty else { continue }
                words += (words.isEmpty ? "" : ": ") + Self.shown(part, hiding: secret)
            }
            throw TokenProblem(reason: words, status: response.status)
        }
        guard let fields else {
            throw TokenProblem(
                reason: "its answer is neither JSON nor a form", status: response.status)
        }
        guard let token = fields["access_token"], !token.isEmpty, HTTPFields.isValue(token) else {
            throw TokenProblem(reason: "its answer has no access_token", status: response.status)
        }
        self.token = token
        type = Self.spelled(fields["token_type"] ?? "")
        life = Self.life(fields["expires_in"])
    }

    private static func fields(of response: HTTPResponse) -> [String: String]? {
        let media = response.fields["Content-Type"]?.prefix { $0 != ";" }.lowercased() ?? ""
        let kind = media.filter { $0 != " " }
        if kind == "application/x-www-form-urlencoded" || kind == "text/plain",
            response.body.first != UInt8(ascii: "{")
        {
            return FormFields.decode(String(decoding: response.body, as: UTF8.self))
        }
        return JSONFields(response.body)?.values
    }

    private static func spelled(_ type: String) -> String {
        switch type.lowercased() {
        case "", "bearer": "Bearer"
        case "basic": "Basic"
        case "mac": "MAC"
        default: HTTPFields.isValue(type) ? type : "Bearer"
        }
    }

    /// A number, or a number in quotes; zero and less mean that nothing is known.
    private static func life(_ text: String?) -> Duration? {
        guard let seconds = text.flatMap({ Double($0) }), seconds > 0, seconds.isFinite else {
            return nil
        }
        return .milliseconds(Int(min(seconds, 1e9) * 1000))
    }

    /// A server's own words: one short line, and never the secret that it may have repeated.
    private static func shown(_ text: String, hiding secret: String) -> String {
        var words = String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 ? " " : $0 }))
        for hidden in [secret, FormFields.escape(secret)] where !hidden.isEmpty {
            words = words.split(separator: hidden, omittingEmptySubsequences: false)
                .joined(separator: "<secret>")
        }
        return String(words.prefix(200))
    }
}

/// Why an answer brought no token.
struct TokenProblem: Error, Equatable {
    let reason: String
    let status: Int
}
