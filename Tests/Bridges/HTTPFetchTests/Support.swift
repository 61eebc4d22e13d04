import TestKit
import Threads

@testable import HTTPFetch

extension HTTPRequest {
    /// A request to a test's server.
    init(
        _ url: String, timeout: Duration = .seconds(20), limit: Int? = 16 << 20,
        codings: [Coding] = [.gzip]
    ) throws {
        self.init(
            "GET", try HTTPAddress(url), timeout: timeout, bodyLimitBytes: limit, codings: codings)
    }
}

extension HTTPClient {
    /// The error of a fetch, or `nil` where it succeeds.
    func failure(
        _ request: HTTPRequest, with options: HTTPClientOptions = HTTPClientOptions()
    ) async -> HTTPFetchError? {
        do throws(HTTPFetchError) {
            _ = try await fetch(request, with: options)
            return nil
        } catch {
            return error
        }
    }
}

extension HTTPResponse {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Counts what it is given, and stops after `limit` bytes.
final class CountingReader: BodyReader {
    struct State {
        var heads: [Int] = []
        var bytes = 0
        var largest = 0
    }
    let state = Locked(State())
    let limit: Int
    let wants: Bool

    init(limit: Int = .max, wants: Bool = true) { (self.limit, self.wants) = (limit, wants) }

    func begin(_ head: HTTPResponse) -> Bool {
        state.withLock { $0.heads.append(head.status) }
        return wants
    }

    func read(_ piece: Span<UInt8>) -> Bool {
        let count = piece.count
        return state.withLock { state in
            state.bytes += count
            state.largest = max(state.largest, count)
            return state.bytes <= limit
        }
    }
}
