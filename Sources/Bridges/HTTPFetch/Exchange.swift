import Crypto
import Glibc
import Threads

/// Single requests, each with the header lines it is given: what clients and the broker stand on.
final class Exchange: Sendable {
    let files = SecretFiles()
    let loop: TransferLoop
    private let userAgent: String

    init(userAgent: String, routes: [String: String]) {
        self.userAgent = userAgent
        loop = TransferLoop(
            routes: routes.map { "\($0.key):\($0.value)" },
            connectionLimit: Self.connectionLimit)
    }

    /// Idle connections kept: three quarters of the files that the process may open.
    private static var connectionLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1000
        }
        return Int(min(limit.rlim_max, 40_000) / 4 * 3)
    }

    /// Reads all that a transfer needs: secrets, certificates, and a credential that is no token.
    func plan(
        _ request: HTTPRequest, _ options: HTTPClientOptions
    ) async throws(HTTPFetchError) -> TransferPlan {
        try request.check()
        var plan = TransferPlan(request: request, fields: request.fields)
        if plan.fields["User-Agent"] == nil { plan.fields.add("User-Agent", userAgent) }
        plan.followsRedirects = options.followsRedirects
        plan.allowsHTTP2 = options.allowsHTTP2
        plan.proxy = ProxyRule(options.proxy)
        plan.tls = try await material(of: options.tls)
        // What a caller wrote by hand is a credential like any other.
        if let value = plan.fields["Authorization"] {
            plan.fields.remove("Authorization")
            plan.secretFields["Authorization"] = value
        }
        if let value = try await header(for: options.authorization) {
            plan.secretFields["Authorization"] = value
        }
        for header in options.headers {
            plan.fields.remove(header.name)
            plan.secretFields.remove(header.name)
            for value in header.values { plan.fields.add(header.name, value) }
            for secret in header.secrets {
                plan.secretFields.add(header.name, try await files.text(of: secret))
            }
        }
        for header in options.proxy.connectHeaders {
            for value in header.values { plan.proxyFields.add(header.name, value) }
            for secret in header.secrets {
                plan.proxyFields.add(header.name, try await files.text(of: secret))
            }
        }
        try plan.fields.check()
        try plan.secretFields.check()
        try plan.proxyFields.check()
        return plan
    }

    /// Makes the request and waits for its end; cancelling the task ends the transfer.
    func perform(
        _ plan: TransferPlan, until deadline: ContinuousClock.Instant, into reader: any BodyReader,
        isolation: isolated (any Actor)? = #isolation
    ) async throws(HTTPFetchError) -> HTTPResponse {
        let started = Locked<Transfer?>(nil)
        let loop = loop
        let outcome: Transfer.Outcome = await withTaskCancellationHandler {
            // Named here, the caller's actor is where this runs; else it would go through the pool,
            // and cost two threads a waking for each request.
            _ = isolation
            return await withCheckedContinuation { continuation in
                let transfer = Transfer(plan, deadline: deadline, reader: reader) {
                    continuation.resume(returning: $0)
                }
                started.withLock { $0 = transfer }
                loop.submit(transfer)
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled { loop.cancel(transfer) }
            }
        } onCancel: {
            if let transfer = started.withLock({ $0 }) { loop.cancel(transfer) }
        }
        return try outcome.get()
    }

    private func material(of tls: TLSOptions) async throws(HTTPFetchError) -> TLSMaterial {
        var material = TLSMaterial()
        files.align(tls.certificate, tls.key)
        if let source = tls.authorities { material.authorities = try await files.pem(of: source) }
        if let source = tls.certificate { material.certificate = try await files.pem(of: source) }
        if let source = tls.key { material.key = try await files.pem(of: source) }
        material.serverName = tls.serverName
        material.skipsVerification = tls.skipsVerification
        material.minimumVersion = tls.minimumVersion
        material.maximumVersion = tls.maximumVersion
        return material
    }

    private func header(
        for authorization: Authorization?
    ) async throws(HTTPFetchError) -> String? {
        switch authorization {
        case nil, .oauth2: return nil
        case .basic(let username, let password):
            let pair =
                try await files.text(of: username) + ":" + (try await files.text(of: password))
            return "Basic " + Base64.standard.encode(Array(pair.utf8))
        case .scheme(let type, let credentials):
            return "\(type) \(try await files.text(of: credentials))"
        }
    }
}
