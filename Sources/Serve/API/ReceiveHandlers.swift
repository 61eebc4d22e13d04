import Access
import HTTPServe
import Receiving

/// Where others send what they gathered.
struct ReceiveHandlers: Sendable {
    private let receiver: Receiver?

    init(_ receiver: Receiver?) { self.receiver = receiver }

    /// Remote write, 1.0 and 2.0: answered once what was sent is kept.
    @Sendable func write(_ request: ServerRequest) async throws -> ServerResponse {
        guard let receiver else { return .plain("this Weir receives nothing\n", status: 404) }
        guard let message = Self.message(request.fields["content-type"]) else {
            return .plain("unsupported content type: send \(Self.accepted)\n", status: 415)
        }
        let coding = request.fields["content-encoding"] ?? "snappy"
        guard coding.lowercased() == "snappy" else {
            return .plain("unsupported content encoding \(coding): send snappy\n", status: 415)
        }
        do throws(ReceiveError) {
            let written = try await receiver.write(
                request.body, as: message, only: request.caller.binding)
            return Self.answer(written, to: message)
        } catch {
            return Self.answer(error, to: message)
        }
    }

    private static let accepted =
        "application/x-protobuf with proto=\(WriteMessage.first.rawValue) "
        + "or proto=\(WriteMessage.second.rawValue)"

    /// Which message a `Content-Type` names; the first one where it is missing or names none.
    static func message(_ type: String?) -> WriteMessage? {
        guard let type, !type.isEmpty else { return .first }
        var parts = type.split(separator: ";").map { $0.trimmed }
        guard parts.removeFirst().lowercased() == "application/x-protobuf" else { return nil }
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmed }
            guard pair.count == 2 else { return nil }
            if pair[0].lowercased() == "proto" { return WriteMessage(rawValue: pair[1]) }
        }
        return .first
    }

    private static func answer(_ written: Written, to message: WriteMessage) -> ServerResponse {
        let fields = counts(written, message)
        guard !written.refusals.isEmpty else { return ServerResponse(status: 204, fields: fields) }
        var answer = ServerResponse.plain(
            written.refusals.joined(separator: "\n") + "\n", status: 400)
        for field in fields.all { answer.fields[field.name] = field.value }
        return answer
    }

    private static func answer(
        _ error: ReceiveError, to message: WriteMessage
    ) -> ServerResponse {
        let status: Int
        switch error {
        case .unreadable, .refused: status = 400
        case .unavailable: status = 503
        }
        var answer = ServerResponse.plain(error.description + "\n", status: status)
        if status == 503 { answer.fields["Retry-After"] = "5" }
        for field in counts(Written(), message).all { answer.fields[field.name] = field.value }
        return answer
    }

    /// How much is kept: remote write 2.0 asks for it in every answer.
    private static func counts(_ written: Written, _ message: WriteMessage) -> HeaderFields {
        guard message == .second else { return [:] }
        return [
            "X-Prometheus-Remote-Write-Samples-Written": "\(written.samples)",
            "X-Prometheus-Remote-Write-Histograms-Written": "\(written.histograms)",
            "X-Prometheus-Remote-Write-Exemplars-Written": "\(written.exemplars)",
        ]
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
