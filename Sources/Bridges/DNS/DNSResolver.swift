import Threads

/// Looks names up, as /etc/resolv.conf says or at servers of its own.
public final class DNSResolver: Sendable {
    private let loop: ResolverLoop

    /// A resolver whose one thread lives as long as it does.
    ///
    /// `servers` are addresses with ports, such as `127.0.0.1:53`; none stands for those of
    /// /etc/resolv.conf. Each server is asked up to `tries` times, for `timeout` at first and longer
    /// after that.
    public init(
        servers: [String] = [], timeout: Duration = .seconds(2), tries: Int = 3
    ) throws(DNSError) {
        let milliseconds = timeout / .milliseconds(1)
        loop = try ResolverLoop(
            servers: servers, timeoutMilliseconds: Int32(max(1, min(milliseconds, 60_000))),
            tries: Int32(max(1, min(tries, 10))))
        let loop = loop
        WorkerThread.detached(name: "weir-dns") { loop.run() }
    }

    deinit { loop.stop() }

    /// The records of `name`, in the servers' order; none where the name has none or is unknown.
    ///
    /// Names without a dot at the end are also looked for below the system's search domains.
    public func records(
        _ kind: DNSRecord.Kind, of name: String
    ) async throws(DNSError) -> [DNSRecord] {
        let answer = await withCheckedContinuation { continuation in
            loop.ask(
                ResolverLoop.Query(name: name, kind: kind) { continuation.resume(returning: $0) })
        }
        return try answer.get()
    }
}
