import HTTPFetch
import JSON
import Model

/// What a server answered.
struct QueryReply {
    /// All of it, as it came.
    let body: [UInt8]
    /// What is in `data`.
    let data: JSONValue
    /// Warnings and remarks, each as a line.
    let notes: [String]
    /// What each part of the expression cost, where the server told.
    let explanation: JSONValue
}

/// Why there is no answer.
enum QueryFailure: Error {
    /// The server cannot be asked.
    case unreachable(server: String, reason: String)
    /// The server refuses, in its own words.
    case refused(String)
    /// What answers is no Prometheus API, or one that lets nobody in.
    case odd(server: String, status: String, body: String)

    /// What to tell of it; a fault in `expression` is shown where it is.
    func sentence(about expression: String) -> String {
        switch self {
        case .unreachable(let server, let reason):
            return "weir query: \(reason)\n  is a server running at \(server)? "
                + "--server=URL names another"
        case .refused(let reason): return Self.shown(reason, in: expression)
        case .odd(let server, let status, let body):
            let hint =
                status.hasPrefix("401") || status.hasPrefix("403")
                ? "\n  --token-file, or --username and --password-file, say who you are" : ""
            let first = body.split(separator: "\n").first.map { ": " + $0.prefix(200) } ?? ""
            return "weir query: \(server) answers \(status)\(first)\(hint)"
        }
    }

    /// A parse error with the line of the expression that it is about, and a caret below its place.
    static func shown(_ reason: String, in expression: String) -> String {
        guard let match = reason.firstMatch(of: /(\d+):(\d+): parse error: (.*)/),
            let line = Int(match.1), let column = Int(match.2)
        else { return "weir query: \(reason)" }
        let lines = expression.split(separator: "\n", omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count, column >= 1 else { return "weir query: \(reason)" }
        let text = lines[line - 1]
        // Columns count bytes; people see characters.
        let before = String(decoding: text.utf8.prefix(column - 1), as: UTF8.self)
        return "weir query: \(match.3)\n  \(text)\n  "
            + String(repeating: " ", count: before.count) + "^"
    }
}

/// Asks a server that speaks Prometheus's API.
struct QueryClient {
    private let server: String
    private let timeout: Duration
    private let options: HTTPClientOptions
    private let client = HTTPClient(userAgent: "weir-query")

    /// A client as the flags describe it.
    init(_ invocation: Invocation) throws {
        var server = invocation.text("server")
        if !server.contains("://") { server = "http://" + server }
        while server.hasSuffix("/") { server.removeLast() }
        self.server = server
        timeout = try TimeSpan(invocation.text("timeout")).duration
        var options = HTTPClientOptions()
        options.authorization = try Self.authorization(invocation)
        if invocation.isGiven("ca-file") {
            options.tls.authorities = .file(invocation.text("ca-file"))
        }
        options.tls.skipsVerification = invocation.isOn("insecure")
        self.options = options
    }

    private static func authorization(_ invocation: Invocation) throws(UsageError) -> Authorization?
    {
        func source(_ name: String) -> SecretSource? {
            if invocation.isGiven(name) { return .text(invocation.text(name)) }
            let file = name + "-file"
            return invocation.isGiven(file) ? .file(invocation.text(file)) : nil
        }
        let (token, password) = (source("token"), source("password"))
        guard invocation.isGiven("username") || password != nil else {
            return token.map { .bearer($0) }
        }
        guard token == nil else { throw UsageError("give a token or a password, not both") }
        guard let password else {
            throw UsageError("--username needs --password-file or --password too")
        }
        return .basic(username: .text(invocation.text("username")), password: password)
    }

    /// The answer of `route` below `/api/v1`.
    func ask(
        _ route: String, _ form: [(String, String)], isGET: Bool
    ) async throws(QueryFailure) -> QueryReply {
        let fields = form.map { "\(Self.escaped($0))=\(Self.escaped($1))" }.joined(separator: "&")
        let url = "\(server)/api/v1/\(route)"
        if !isGET {
            let response = try await fetch("POST", url, Array(fields.utf8))
            // Some take these with GET alone.
            if response.status != 405 { return try reply(response) }
        }
        return try reply(try await fetch("GET", fields.isEmpty ? url : "\(url)?\(fields)", nil))
    }

    private func fetch(
        _ method: String, _ url: String, _ body: [UInt8]?
    ) async throws(QueryFailure) -> HTTPResponse {
        do throws(HTTPFetchError) {
            var fields = HTTPFields()
            if body != nil { fields.add("Content-Type", "application/x-www-form-urlencoded") }
            let request = HTTPRequest(
                method, try HTTPAddress(url), fields: fields, body: body, timeout: timeout,
                bodyLimitBytes: 1 << 30)
            return try await client.fetch(request, with: options)
        } catch {
            throw .unreachable(server: server, reason: error.description)
        }
    }

    private func reply(_ response: HTTPResponse) throws(QueryFailure) -> QueryReply {
        if response.status == 204 {
            return QueryReply(body: [], data: .array([]), notes: [], explanation: .null)
        }
        let odd = QueryFailure.odd(
            server: server, status: response.statusLine,
            body: String(decoding: response.body.prefix(1000), as: UTF8.self))
        let value: JSONValue
        do throws(JSONError) {
            var limits = JSONLimits()
            limits.bytes = 1 << 30
            value = try JSONReader.read(response.body, limits: limits)
        } catch {
            throw odd
        }
        if value["status"].text == "error" {
            throw .refused(value["error"].text ?? value["errorType"].text ?? "an error")
        }
        guard value["status"].text == "success" else { throw odd }
        let notes =
            value["warnings"].elements.map { "warning: \($0.text ?? "")" }
            + value["infos"].elements.map { "info: \($0.text ?? "")" }
        let inside = value["data"]["explain"]
        return QueryReply(
            body: response.body, data: value["data"], notes: notes,
            explanation: inside.isNull ? value["explain"] : inside)
    }

    /// `text` as a query holds it.
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: bytes.append(byte)
            case _ where "-_.~".utf8.contains(byte): bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
