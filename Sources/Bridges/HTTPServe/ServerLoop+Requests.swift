import CMicrohttpd
import Threads

/// A request from its head to its end, as libmicrohttpd calls.
extension ServerLoop {
    /// The head of a request is there; false closes the connection.
    func began(
        _ connection: Connection, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>
    ) -> Bool {
        now = monotonicNow()
        connection.requestCount += 1
        connection.phase = .answer
        let head = RequestHead(of: connection)
        var request = ServerRequest(
            method: HTTPMethod(rawValue: String(cString: method)), rawTarget: connection.target)
        request.fields = head.fields
        request.peer = connection.peer
        request.isSecure = connection.daemon.tls != nil
        let exchange = Exchange(request, now: now)
        exchange.connection = connection
        connection.exchange = exchange
        if let refusal = refusal(of: head, isHTTP11: strcmp11(version), exchange) {
            return answerNow(refusal, exchange, on: connection)
        }
        if let problem = route(exchange, isOver: connection.isOver) {
            return answerNow(problem, exchange, on: connection)
        }
        exchange.request.clientCertificate = connection.certificate
        if head.isChunked || head.length != 0 { return expectBody(head, exchange, connection) }
        exchange.stage = .handler
        begin(exchange, .gateAndHandler, parked: false)
        return true
    }

    /// A refusal for what libmicrohttpd would let pass.
    private func refusal(
        of head: RequestHead, isHTTP11: Bool, _ exchange: Exchange
    ) -> ServerResponse? {
        if let problem = head.problem(isHTTP11: isHTTP11) { return .refusal(400, problem) }
        if exchange.request.rawTarget.utf8.count > settings.options.maxTargetBytes {
            return .refusal(
                414, "the request target is longer than \(settings.options.maxTargetBytes) bytes")
        }
        guard let connection = exchange.connection else { return nil }
        if weir_mhd_head_size(connection.handle) > settings.options.maxHeaderBytes {
            return .refusal(
                431, "the request's head is longer than \(settings.options.maxHeaderBytes) bytes")
        }
        return nil
    }

    /// Finds the route; gives an answer back where none is needed.
    private func route(_ exchange: Exchange, isOver: Bool) -> ServerResponse? {
        let method = exchange.request.method
        if method == .options && exchange.request.rawTarget == "*" {
            return ServerResponse(status: 204, fields: ["Allow": "GET, HEAD, OPTIONS, POST"])
        }
        let target: RequestTarget
        do { target = try RequestTarget(exchange.request.rawTarget) } catch {
            return .refusal(400, error.text)
        }
        exchange.request.path = target.path
        exchange.request.query = target.query
        exchange.request.parameters = target.query
        guard let below = target.below(prefix: settings.router.prefix) else {
            return isOver ? overloaded : nil
        }
        exchange.request.path = below.path
        switch settings.router.match(method, below) {
        case .route(let route, let parameters):
            exchange.request.route = route
            exchange.request.pathParameters = parameters
            if isOver && !route.isHealth { return overloaded }
        case .otherMethods(let methods):
            let allow = methods.map(\.rawValue).joined(separator: ", ")
            if method == .options { return ServerResponse(status: 204, fields: ["Allow": allow]) }
            exchange.miss = .refusal(405, "the method is not allowed here", ["Allow": allow])
            if isOver { return overloaded }
        case .nothing: if isOver { return overloaded }
        }
        return nil
    }

    /// `nil` where enough connections were closed in the meantime.
    private var overloaded: ServerResponse? {
        if settings.connectionCount <= settings.options.maxConnections { return nil }
        return .refusal(503, "too many connections", ["Retry-After": "1", "Connection": "close"])
    }

    private func expectBody(
        _ head: RequestHead, _ exchange: Exchange, _ connection: Connection
    ) -> Bool {
        switch exchange.request.route?.body {
        case .collected(let limit): exchange.bodyLimit = limit
        case .streamed(let limit):
            exchange.bodyLimit = limit
            exchange.upload = UploadPipe(exchange, self, limit: limit)
        case nil: exchange.bodyLimit = settings.options.maxBodyBytes
        }
        if let length = head.length, length > exchange.bodyLimit {
            return answerNow(.tooLarge(exchange.bodyLimit), exchange, on: connection)
        }
        if !head.isChunked && head.length == nil {
            return answerNow(
                .refusal(400, "Content-Length is not a number"), exchange, on: connection)
        }
        if settings.gate == nil {
            openBody(exchange, connection)
            return true
        }
        exchange.stage = .gate
        begin(exchange, .gate, parked: true)
        suspend(connection)
        return true
    }

    /// Lets the body come in, and a handler that streams it begin.
    private func openBody(_ exchange: Exchange, _ connection: Connection) {
        exchange.stage = .body
        connection.phase = .body(until: now + settings.options.bodyTimeout.nanoseconds)
        nextSweep = min(nextSweep, now + sweepInterval)
        guard let upload = exchange.upload else { return }
        exchange.request.bodyStream = RequestBodyStream(pipe: upload)
        begin(exchange, .handler, parked: true)
    }

    /// A piece of a body: how much of it was taken, -1 to close the connection.
    func received(_ piece: UnsafeRawBufferPointer, on connection: Connection) -> Int {
        guard let exchange = connection.exchange, !exchange.isAbandoned else { return -1 }
        if case .discarding(let left) = exchange.stage {
            exchange.stage = .discarding(left: left - piece.count)
            return left > piece.count ? piece.count : -1
        }
        if let upload = exchange.upload {
            switch upload.receive(piece) {
            case .taken: break
            case .full:
                suspend(connection)
                return 0
            case .tooLarge: exchange.stage = .discarding(left: discardLimit)
            }
            return piece.count
        }
        if exchange.body.count + piece.count > exchange.bodyLimit {
            exchange.body = []
            exchange.stage = .discarding(left: discardLimit)
        } else {
            exchange.body.append(contentsOf: piece)
        }
        return piece.count
    }

    /// A called connection with a known exchange: all is received, or it was resumed.
    func goOn(_ connection: Connection) -> Bool {
        guard let exchange = connection.exchange, !exchange.isAbandoned else { return false }
        switch exchange.stage {
        case .gate: return passGate(exchange, connection)
        case .body:
            connection.phase = .answer
            exchange.stage = .handler
            if let upload = exchange.upload {
                upload.end(.success(()))
                return awaitAnswer(exchange, connection)
            }
            exchange.request.body = exchange.body
            exchange.body = []
            exchange.request.readForm()
            begin(exchange, .handler, parked: false)
            return true
        case .discarding:
            connection.phase = .answer
            exchange.stage = .handler
            if exchange.upload != nil { return awaitAnswer(exchange, connection) }
            return answerNow(.tooLarge(exchange.bodyLimit), exchange, on: connection)
        case .handler: return awaitAnswer(exchange, connection)
        case .answered: return true
        }
    }

    private func passGate(_ exchange: Exchange, _ connection: Connection) -> Bool {
        let (admission, answer) = mailbox.withLock { _ in
            (exchange.shared.admission, exchange.shared.answer)
        }
        if let answer { return queue(answer, exchange, connection) }
        guard let admission else {
            suspend(connection)
            return true
        }
        exchange.request.identity = admission.identity
        exchange.credential = admission.name
        openBody(exchange, connection)
        return true
    }

    private func awaitAnswer(_ exchange: Exchange, _ connection: Connection) -> Bool {
        let isPatient = now - exchange.dispatchedAt < 2_000_000
        let (answer, isParked) = mailbox.withLock { mailbox in
            let answer = exchange.shared.answer
            if answer == nil && !isPatient && !exchange.shared.isParked {
                exchange.shared.isParked = true
                mailbox.unfinished -= 1
            }
            return (answer, exchange.shared.isParked)
        }
        if let answer { return queue(answer, exchange, connection) }
        if isParked {
            decide(exchange)
            suspend(connection)
        }
        return true
    }

    func queue(_ answer: Answer, _ exchange: Exchange, _ connection: Connection) -> Bool {
        decide(exchange)
        exchange.stage = .answered
        exchange.sent = answer
        if drain != nil { answer.addClose() }
        return answer.queue(on: connection)
    }

    /// No longer in the ready list without an answer.
    private func decide(_ exchange: Exchange) {
        guard exchange.isUndecided else { return }
        exchange.isUndecided = false
        undecided -= 1
    }

    private func answerNow(
        _ response: ServerResponse, _ exchange: Exchange, on connection: Connection
    ) -> Bool {
        queue(Answer(response, to: exchange.request, settings: settings), exchange, connection)
    }

    /// The request is over, whole or not.
    func completed(_ connection: Connection, isWhole: Bool) {
        defer { if drain != nil { connection.cut() } }
        guard let exchange = connection.exchange else { return connection.awaitHead(now: now) }
        connection.exchange = nil
        exchange.connection = nil
        decide(exchange)
        if !isWhole || exchange.sent == nil { abandon(exchange) }
        exchange.sent?.pipe?.close()
        connection.awaitHead(now: now)
        record(exchange, connection, isWhole: isWhole)
        forget(exchange)
    }

    /// Lets go of what refers back to `exchange`.
    private func forget(_ exchange: Exchange) {
        let shared = mailbox.withLock { _ in
            let shared = exchange.shared
            (exchange.shared.answer, exchange.shared.task) = (nil, nil)
            return shared
        }
        // Whoever still writes the answer finds nobody reading.
        shared.answer?.pipe?.close()
        (exchange.sent, exchange.upload, exchange.request.bodyStream) = (nil, nil, nil)
    }

    private func record(_ exchange: Exchange, _ connection: Connection, isWhole: Bool) {
        guard let onRequest = settings.hooks.onRequest else { return }
        let isGone = exchange.isAbandoned && exchange.sent == nil
        let request = exchange.request
        onRequest(
            RequestRecord(
                method: request.method,
                path: request.path.isEmpty ? request.rawTarget : request.path,
                pattern: request.route?.pattern,
                status: connection.hasTimedOut ? 408 : isGone ? 499 : exchange.sent?.status ?? 499,
                bytes: request.method == .head
                    ? 0 : exchange.sent.map { $0.pipe?.byteCount ?? $0.byteCount } ?? 0,
                duration: .nanoseconds(monotonicNow() - exchange.startedAt),
                credential: exchange.sent?.credential ?? exchange.credential, peer: request.peer))
    }

    /// Nobody waits for `exchange` any more.
    func abandon(_ exchange: Exchange) {
        if exchange.isAbandoned { return }
        exchange.isAbandoned = true
        let task = mailbox.withLock { mailbox in
            if exchange.isStarted && !exchange.shared.isParked && exchange.shared.answer == nil
                && exchange.shared.admission == nil
            {
                mailbox.unfinished -= 1
            }
            exchange.shared.isGone = true
            return exchange.shared.task
        }
        task?.cancel()
        exchange.upload?.end(.failure(.clientGone))
        exchange.sent?.pipe?.close()
    }
}

/// So much of a body that is too large is read all the same, for the client to read the answer.
private let discardLimit = 1 << 20

private func strcmp11(_ version: UnsafePointer<CChar>) -> Bool {
    String(cString: version) == "HTTP/1.1"
}

extension ServerResponse {
    /// An error of the server's own, as one line of text.
    static func refusal(
        _ status: Int, _ reason: String, _ fields: HeaderFields = [:]
    ) -> ServerResponse {
        var response = ServerResponse.text(reason + "\n", status: status)
        for field in fields.all { response.fields.append(field.name, field.value) }
        return response
    }

    static func tooLarge(_ limit: Int) -> ServerResponse {
        refusal(413, "the request body is larger than \(limit) bytes")
    }
}
