import Glibc

/// All that is known of a transfer before it begins: secrets read, files loaded.
struct TransferPlan: Sendable {
    var request: HTTPRequest
    /// Header lines that may be shown to whoever answers.
    var fields = HTTPFields()
    /// Header lines that may not go to another host.
    var secretFields = HTTPFields()
    var followsRedirects = true
    var allowsHTTP2 = true
    var tls = TLSMaterial()
    var proxy = ProxyRule(ProxyOptions())
    var proxyFields = HTTPFields()
    /// Leaves out the body of a 401, because it will be tried once more with another token.
    var holdsBackRefusal = false
    /// Refuses a redirect that would carry the body to another host.
    var hasSecretBody = false
}

/// `TLSOptions` with the PEMs read.
struct TLSMaterial: Sendable {
    var authorities: [UInt8]?
    var certificate: [UInt8]?
    var key: [UInt8]?
    var serverName: String?
    var skipsVerification = false
    var minimumVersion = TLSOptions.Version.tls12
    var maximumVersion = TLSOptions.Version.tls13
}

/// One transfer with all of its redirects.
// Safe to share: after it is submitted only the loop's thread touches what can change.
final class Transfer: @unchecked Sendable {
    typealias Outcome = Result<HTTPResponse, HTTPFetchError>

    let plan: TransferPlan
    let deadline: ContinuousClock.Instant
    private let reader: any BodyReader
    private var finish: ((Outcome) -> Void)?

    /// Where the present step goes, and how.
    private(set) var address: HTTPAddress
    private(set) var method: String
    private(set) var body: [UInt8]?
    private(set) var isTrusted = true
    /// Cancelled, perhaps before it has begun.
    var isCancelled = false
    private var waitingSince: ContinuousClock.Instant?
    private var redirects = 0
    private var timings = TransferTimings()
    private var transferred = 0

    /// What came of the present step.
    private var headBytes = 0
    private var status = 0
    private var reason = ""
    private var fields = HTTPFields()
    private var bodyBytes = 0
    private var purpose = Purpose.head
    private var problem: Problem?

    /// What the bytes that come in now are for.
    private enum Purpose { case head, reader, nothing }

    /// Why the transfer was ended from this side.
    private enum Problem { case headTooLarge, bodyTooLarge, stopped, enough }

    /// More header than any sound server sends.
    static let headLimitBytes = 256 << 10
    /// A body that nobody wants is read to here, to keep the connection.
    static let skippedLimitBytes = 64 << 10
    static let redirectLimit = 10

    init(
        _ plan: TransferPlan, deadline: ContinuousClock.Instant, reader: any BodyReader,
        finish: @escaping (Outcome) -> Void
    ) {
        self.plan = plan
        self.deadline = deadline
        self.reader = reader
        self.finish = finish
        (address, method, body) = (plan.request.url, plan.request.method, plan.request.body)
    }

    /// Gives the outcome to whoever waits; only the first one counts.
    func end(_ outcome: Outcome) {
        finish?(outcome)
        finish = nil
    }

    /// Ends with `error`.
    func fail(_ error: HTTPFetchError) { end(.failure(error)) }

    // MARK: Names

    /// The name whose addresses the next step needs; `nil` where others find the way.
    func name(routes: [String]) -> String? {
        let host = address.bareHost
        guard plan.request.unixSocket == nil, host != "localhost", !host.hasSuffix(".localhost"),
            IPAddress(host) == nil, plan.proxy.proxy(for: address) == nil,
            !routes.contains(where: { $0.hasPrefix("\(host):\(address.port):") })
        else { return nil }
        return host
    }

    /// Whether it waits for a name server now.
    var isWaitingForName: Bool { waitingSince != nil }

    func beginWait(now: ContinuousClock.Instant) { waitingSince = waitingSince ?? now }

    func endWait(now: ContinuousClock.Instant) {
        guard let since = waitingSince else { return }
        waitingSince = nil
        timings.dns += now - since
        timings.total += now - since
    }

    /// Forgets the step before.
    func beginStep() {
        (headBytes, bodyBytes, status, reason) = (0, 0, 0, "")
        (fields, purpose, problem) = (HTTPFields(), .head, nil)
    }

    // MARK: Bytes that come in

    /// Takes a line of the head; false ends the transfer.
    func takeHead(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        headBytes += bytes.count
        guard headBytes <= Self.headLimitBytes else {
            problem = .headTooLarge
            return false
        }
        // What comes now are trailers.
        guard purpose == .head else { return true }
        let line = bytes.prefix { $0 != 13 && $0 != 10 }
        if line.isEmpty { return status >= 200 ? decide() : true }
        if line.starts(with: "HTTP/".utf8) {
            let words = line.split(separator: 32, maxSplits: 2)
            status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
            reason = words.count > 2 ? String(decoding: words[2], as: UTF8.self) : ""
            fields = HTTPFields()
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let isBlank = { (byte: UInt8) in byte == 32 || byte == 9 }
            var value = line[(colon + 1)...].drop(while: isBlank)
            while let last = value.last, isBlank(last) { value.removeLast() }
            fields.add(
                String(decoding: line[..<colon], as: UTF8.self),
                String(decoding: value, as: UTF8.self))
        }
        return true
    }

    /// Takes a piece of the body; false ends the transfer.
    func takeBody(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bodyBytes += bytes.count
        guard purpose == .reader else {
            guard bodyBytes > Self.skippedLimitBytes else { return true }
            problem = .enough
            return false
        }
        if let limit = plan.request.bodyLimitBytes, bodyBytes > limit {
            problem = .bodyTooLarge
            return false
        }
        guard !reader.read(bytes.span) else { return true }
        problem = .stopped
        return false
    }

    /// The head is complete: decides for whom the body is.
    private func decide() -> Bool {
        guard !isRedirect && !isHeldBack else {
            purpose = .nothing
            return true
        }
        purpose = reader.begin(response) ? .reader : .nothing
        let announced = fields["Content-Length"].flatMap { Int($0) } ?? 0
        if let limit = plan.request.bodyLimitBytes, purpose == .reader, announced > limit,
            fields["Content-Encoding"] == nil, method != "HEAD"
        {
            problem = .bodyTooLarge
            return false
        }
        return true
    }

    private var isRedirect: Bool {
        plan.followsRedirects && [301, 302, 303, 307, 308].contains(status)
            && fields["Location"] != nil
    }

    private var isHeldBack: Bool { plan.holdsBackRefusal && status == 401 && isTrusted }

    private var response: HTTPResponse {
        HTTPResponse(status: status, reason: reason, fields: fields, url: address)
    }

    // MARK: The end of a step

    /// What libcurl says of a step that is over.
    struct Ending {
        var timings: TransferTimings
        var transferredBytes: Int
        var version: String
        var isReusedConnection: Bool
        /// Why it failed, if it did.
        var failure: HTTPFetchError?
    }

    /// True where another step has to follow; otherwise the transfer is over.
    func endStep(_ ending: Ending) -> Bool {
        timings = timings + ending.timings
        transferred += ending.transferredBytes
        switch problem {
        case .headTooLarge:
            fail(.headTooLarge(url: address.description, limitBytes: Self.headLimitBytes))
        case .bodyTooLarge:
            let limit = plan.request.bodyLimitBytes ?? 0
            fail(.bodyTooLarge(url: address.description, limitBytes: limit))
        case .stopped: fail(.stopped(url: address.description))
        case .enough: return answer(ending)
        case nil:
            guard let failure = ending.failure else { return answer(ending) }
            fail(failure)
        }
        return false
    }

    private func answer(_ ending: Ending) -> Bool {
        if isRedirect, let location = fields["Location"] { return follow(location) }
        var response = response
        response.timings = timings
        response.transferredBytes = transferred
        response.version = ending.version
        response.isHeldBack = isHeldBack
        response.isReusedConnection = ending.isReusedConnection
        end(.success(response))
        return false
    }

    private func follow(_ location: String) -> Bool {
        guard redirects < Self.redirectLimit else {
            let url = plan.request.url.description
            fail(.tooManyRedirects(url: url, limit: Self.redirectLimit))
            return false
        }
        redirects += 1
        do throws(HTTPFetchError) {
            let next = try address.resolving(location)
            // Once somewhere else, nothing is trusted any more, not even what leads back.
            if !address.sharesCredentials(with: next) { isTrusted = false }
            if status <= 303 && method != "HEAD" && method != "GET" {
                (method, body) = ("GET", nil)
            }
            guard isTrusted || body == nil || !plan.hasSecretBody else {
                throw .badRedirect(
                    url: address.description, reason: "it leads credentials to another host")
            }
            address = next
            return true
        } catch .badRedirect(let url, let reason) {
            fail(.badRedirect(url: url, reason: reason))
            return false
        } catch {
            fail(.badRedirect(url: address.description, reason: error.description))
            return false
        }
    }

    /// What the transfer is doing, for the words of a timeout.
    var hasHead: Bool { purpose != .head }
}
