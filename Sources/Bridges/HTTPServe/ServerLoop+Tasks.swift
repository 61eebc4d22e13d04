import Threads

/// What runs for a request: its gate and its handler.
extension ServerLoop {
    enum Work {
        case gate, handler, gateAndHandler
    }

    /// Starts the task of `exchange`; with `parked` its connection is, or will be, suspended.
    func begin(_ exchange: Exchange, _ work: Work, parked: Bool) {
        exchange.isStarted = true
        exchange.dispatchedAt = now
        exchange.shared.isParked = parked
        exchange.shared.admission = nil
        if !parked {
            mailbox.withLock { $0.unfinished += 1 }
            exchange.isUndecided = true
            undecided += 1
        }
        if exchange.request.route?.isQuick == true {
            let (request, miss, name) = (exchange.request, exchange.miss, exchange.credential)
            let task = Task.immediate { [self] in
                await perform(work, request, miss, name, for: exchange)
            }
            return keep(task, for: exchange)
        }
        if exchange.request.route?.isHeavy != true {
            let (request, miss, name) = (exchange.request, exchange.miss, exchange.credential)
            let task = Task(executorPreference: self) { [self] in
                await perform(work, request, miss, name, for: exchange)
            }
            return keep(task, for: exchange)
        }
        let start = Start(
            exchange: exchange, work: work, request: exchange.request, miss: exchange.miss,
            name: exchange.credential)
        let starter = mailbox.withLock { mailbox in
            mailbox.starts.append(start)
            return mailbox.addStarter()
        }
        if starter { addStarter() }
    }

    /// What a task needs to begin.
    struct Start: Sendable {
        let exchange: Exchange
        let work: Work
        let request: ServerRequest
        let miss: ServerResponse?
        let name: String?
    }

    /// Starts the tasks that wait to begin, from the cooperative pool.
    ///
    /// The pool would be woken for every task otherwise, which costs more than most handlers. Each
    /// task runs up to its first suspension before the next begins, as on the pool's own threads.
    func addStarter() {
        Task { [self] in
            while let (start, wantsHelp) = nextStart() {
                if wantsHelp { addStarter() }
                let task = Task.immediate {
                    await perform(
                        start.work, start.request, start.miss, start.name, for: start.exchange)
                }
                keep(task, for: start.exchange)
            }
        }
    }

    /// The next task to start, and whether another starter should help; wakes the loop where there
    /// is none, for all that the others have delivered.
    private func nextStart() -> (Start, Bool)? {
        let (start, flag): (Start?, Bool) = mailbox.withLock { mailbox in
            guard mailbox.firstStart < mailbox.starts.count else {
                mailbox.starts.removeAll(keepingCapacity: true)
                mailbox.firstStart = 0
                mailbox.starters -= 1
                defer { mailbox.isSleeping = false }
                return (nil, mailbox.isSleeping)
            }
            let start = mailbox.starts[mailbox.firstStart]
            mailbox.firstStart += 1
            return (start, mailbox.addStarter())
        }
        if start == nil && flag { ring() }
        return start.map { ($0, flag) }
    }

    /// Lets the loop cancel `task`, unless it is over or nobody waits for it.
    private func keep(_ task: Task<Void, Never>, for exchange: Exchange) {
        let isGone = mailbox.withLock { _ in
            exchange.shared.task = task
            return exchange.shared.isGone
        }
        if isGone { task.cancel() }
    }

    private func perform(
        _ work: Work, _ request: ServerRequest, _ miss: ServerResponse?, _ name: String?,
        for exchange: Exchange
    ) async {
        var (request, name) = (request, name)
        if work != .handler, let gate = settings.gate {
            switch await gate(request) {
            case .refuse(let response, let name):
                return await answer(response, request, name, exchange)
            case .admit(let identity, let admitted):
                request.identity = identity
                name = admitted
            }
        }
        guard let route = request.route else {
            let miss =
                miss ?? settings.router.missing?(request)
                ?? .refusal(404, "there is nothing at this path")
            return await answer(miss, request, name, exchange)
        }
        if work == .gate {
            let admission = Admission(identity: request.identity, name: name)
            deliver(exchange) { $0.admission = admission }
            return
        }
        let response: ServerResponse
        do { response = try await route.handler(request) } catch {
            response = failed(error, request, isAnswerCut: false)
        }
        await answer(response, request, name, exchange)
    }

    private func answer(
        _ response: ServerResponse, _ request: ServerRequest, _ name: String?, _ exchange: Exchange
    ) async {
        guard case .stream(let write) = response.body, request.method != .head,
            response.status != 204, response.status != 304
        else {
            var response = response
            if case .stream = response.body, request.method != .head { response.body = .bytes([]) }
            let made = Answer(response, to: request, settings: settings, credential: name)
            deliver(exchange) { $0.answer = made }
            return
        }
        let pipe = BodyPipe(exchange, self)
        // The head leaves with the first bytes: what fails before them still gets a status.
        pipe.opens { [self] in
            let made = Answer(
                response, to: request, settings: settings, credential: name, pipe: pipe)
            if !deliver(exchange, { $0.answer = made }) { pipe.close() }
        }
        var instead = response
        do {
            try await write(ResponseWriter(pipe: pipe))
            guard let whole = pipe.finish() else { return }
            instead.body = .bytes(whole)
        } catch {
            let isCut = pipe.fail()
            let other = error as? AnswerInstead
            if let other, !isCut {
                instead = other.response
            } else {
                instead = failed(other?.reason ?? error, request, isAnswerCut: isCut)
                if isCut { return }
            }
        }
        let made = Answer(instead, to: request, settings: settings, credential: name)
        deliver(exchange) { $0.answer = made }
    }

    /// Hands a result to the loop; false where nobody waits for it.
    @discardableResult
    private func deliver(
        _ exchange: Exchange, _ change: @Sendable (inout Exchange.Shared) -> Void
    ) -> Bool {
        let (isWanted, wakes) = mailbox.withLock { mailbox in
            if exchange.shared.isGone { return (false, false) }
            change(&exchange.shared)
            if exchange.shared.isParked {
                mailbox.resumes.append(exchange)
            } else {
                mailbox.unfinished -= 1
                // The end of the starter wakes the loop once for all.
                if mailbox.unfinished > 0 && mailbox.starters > 0 { return (true, false) }
            }
            defer { mailbox.isSleeping = false }
            return (true, mailbox.isSleeping)
        }
        if wakes { ring() }
        return isWanted
    }

    /// Tells of an error; what the client is told holds the id and nothing of it.
    private func failed(
        _ error: any Error, _ request: ServerRequest, isAnswerCut: Bool
    ) -> ServerResponse {
        // The client left, and the handler did what it should.
        let isExpected =
            error is CancellationError || (error as? HTTPServeError) == .clientGone
        if case .bodyTooLarge(let limit)? = error as? HTTPServeError { return .tooLarge(limit) }
        if case .badBody? = error as? HTTPServeError { return .refusal(400, "\(error)") }
        let id = Self.failureID()
        if !(isExpected && Task.isCancelled) {
            settings.hooks.onFailure?(
                HandlerFailure(
                    id: id, method: request.method, path: request.path, error: error,
                    isAnswerCut: isAnswerCut))
        }
        return .refusal(500, "internal error \(id); the server's log says more")
    }

    private static func failureID() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
