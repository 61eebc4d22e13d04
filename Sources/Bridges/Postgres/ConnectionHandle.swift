import CPostgres
import CSystem
import Glibc

/// The libpq connection: the only file that names `PGconn`, and the gate that turns what libpq
/// reports into errors.
///
/// Sending and waiting go through `poll`, so that a server that stops answering is given up after
/// `answerTimeout` and not never. A class, because a COPY's writer holds it too while it lasts.
final class ConnectionHandle {
    private let connection: OpaquePointer
    private let notices: Unmanaged<NoticeBox>
    private var isBroken = false
    let server: String
    private let answerTimeout: Duration?

    /// Connects, blocking the caller for as long as `connect_timeout` allows.
    init(_ options: PostgresOptions) throws(PostgresError) {
        let parameters = options.parameters
        let keywords = parameters.map { strdup($0.0) }
        let values = parameters.map { strdup($0.1) }
        defer { (keywords + values).forEach { free($0) } }
        let made = PQconnectdbParams(
            keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
        guard let made else {
            throw .cannotConnect(server: options.server, reason: "out of memory")
        }
        guard PQstatus(made) == CONNECTION_OK else {
            defer { PQfinish(made) }
            throw .cannotConnect(
                server: options.server, reason: oneLine(String(cString: PQerrorMessage(made))))
        }
        connection = made
        server = options.server
        answerTimeout = options.answerTimeout
        notices = Unmanaged.passRetained(NoticeBox(handler: options.onNotice))
        PQsetNoticeReceiver(made, receiveNotice, notices.toOpaque())
        PQsetnonblocking(made, 1)
    }

    deinit {
        PQfinish(connection)
        notices.release()
    }

    // MARK: What it is

    var isUsable: Bool { !isBroken && PQstatus(connection) == CONNECTION_OK }
    /// As `PQserverVersion` has it: 150004 for 15.4.
    var serverVersion: Int { Int(PQserverVersion(connection)) }
    var backendProcess: Int32 { PQbackendPID(connection) }
    var usesTLS: Bool { PQsslInUse(connection) == 1 }
    var isInTransaction: Bool {
        let status = PQtransactionStatus(connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }
    var isIdle: Bool { PQtransactionStatus(connection) == PQTRANS_IDLE }

    func setting(_ name: String) -> String? {
        PQparameterStatus(connection, name).map { String(cString: $0) }
    }

    func makeCanceller() -> PostgresCanceller? {
        PQgetCancel(connection).map(PostgresCanceller.init(owning:))
    }

    func giveUp() { isBroken = true }

    // MARK: Sending

    /// Sends statements without parameters; results come in text.
    func send(_ sql: String) throws(PostgresError) {
        try check(PQsendQuery(connection, sql))
        try flush()
    }

    func send(_ sql: String, _ parameters: borrowing ParameterBuffer) throws(PostgresError) {
        let sent = parameters.withPointers { count, types, values, lengths, formats in
            PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 1)
        }
        try check(sent)
        try flush()
    }

    func sendPrepare(_ name: String, _ sql: String, types: [UInt32]) throws(PostgresError) {
        try check(PQsendPrepare(connection, name, sql, Int32(types.count), types))
        try flush()
    }

    func sendPrepared(_ name: String, _ parameters: borrowing ParameterBuffer) throws(PostgresError)
    {
        let sent = parameters.withPointers { count, _, values, lengths, formats in
            PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1)
        }
        try check(sent)
    }

    /// Waits until all that was sent is with the kernel, reading what the server says meanwhile.
    func flush() throws(PostgresError) {
        while true {
            let state = PQflush(connection)
            if state == 0 { return }
            if state < 0 { throw broken() }
            try wait(for: POLLIN | POLLOUT)
        }
    }

    // MARK: Receiving

    /// The next result of what was sent, or `nil` after the last.
    func nextResult() throws(PostgresError) -> PostgresResult? {
        while PQisBusy(connection) == 1 { try wait(for: POLLIN) }
        return PQgetResult(connection).map(PostgresResult.init(owning:))
    }

    /// Runs what each new connection starts with.
    func greet(_ sql: String) throws(PostgresError) {
        try send(sql)
        var fault: PostgresFault?
        while let result = try nextResult() {
            if result.kind == .failed { fault = result.fault }
        }
        if let fault { throw .server(fault) }
    }

    /// The next notification that has already arrived.
    func nextNotification() -> PostgresNotification? {
        guard let note = PQnotifies(connection) else { return nil }
        defer { PQfreemem(note) }
        return PostgresNotification(
            channel: String(cString: note.pointee.relname),
            payload: String(cString: note.pointee.extra), sender: note.pointee.be_pid)
    }

    /// Reads what has arrived, without waiting.
    func consumeInput() throws(PostgresError) {
        if PQconsumeInput(connection) != 1 { throw broken() }
    }

    /// Whether the connection still stands after what may have come while nobody looked.
    func isAlive() -> Bool {
        var watched = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        // A goodbye and the end of the stream come as two reads.
        for _ in 0..<4 {
            guard isUsable else { return false }
            if poll(&watched, 1, 0) == 0 { return true }
            if PQconsumeInput(connection) != 1 { return false }
        }
        return isUsable
    }

    /// Waits until bytes arrive, `wake` becomes readable or `limit` is over.
    func waitForInput(orWake wake: Int32, limit: Duration) {
        var watched = [
            pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        ]
        poll(&watched, 2, milliseconds(limit))
    }

    // MARK: COPY

    /// Hands `bytes` to the server, waiting while it is behind.
    func putCopy(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        while true {
            switch PQputCopyData(connection, start, Int32(bytes.count)) {
            case 1: return try flush()
            case 0: try wait(for: POLLIN | POLLOUT)
            default: throw broken()
            }
        }
    }

    /// Ends COPY: well, or with `reason` so that the server drops the rows.
    func endCopy(failing reason: String? = nil) throws(PostgresError) {
        while true {
            switch PQputCopyEnd(connection, reason) {
            case 1: return try flush()
            case 0: try wait(for: POLLIN | POLLOUT)
            default: throw broken()
            }
        }
    }

    /// Runs `body` on the next message of COPY; gives `nil` when there is no more.
    func takeCopy<Result>(
        _ body: (UnsafeRawBufferPointer) throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result? {
        var message: UnsafeMutablePointer<CChar>?
        while true {
            let count = PQgetCopyData(connection, &message, 1)
            switch count {
            case 0: try wait(for: POLLIN)
            case -1: return nil
            case -2: throw broken()
            default:
                defer { PQfreemem(message) }
                return try body(UnsafeRawBufferPointer(start: message, count: Int(count)))
            }
        }
    }

    // MARK: Pipeline

    func enterPipeline() throws(PostgresError) {
        try check(PQenterPipelineMode(connection))
    }
    func syncPipeline() throws(PostgresError) {
        try check(PQpipelineSync(connection))
        try flush()
    }
    func exitPipeline() throws(PostgresError) { try check(PQexitPipelineMode(connection)) }

    // MARK: The gate

    private func check(_ succeeded: Int32) throws(PostgresError) {
        if succeeded == 1 { return }
        if isUsable { throw .misuse(what: oneLine(String(cString: PQerrorMessage(connection)))) }
        throw broken()
    }

    private func broken() -> PostgresError {
        isBroken = true
        return .connectionLost(
            server: server, reason: oneLine(String(cString: PQerrorMessage(connection))))
    }

    /// Waits for the socket, and takes in what it brings.
    private func wait(for events: Int32) throws(PostgresError) {
        var watched = pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0)
        let limit = answerTimeout.map(milliseconds) ?? -1
        var ready = poll(&watched, 1, limit)
        while ready < 0 && errno == EINTR { ready = poll(&watched, 1, limit) }
        if ready == 0 {
            isBroken = true
            throw .noAnswer(server: server, after: answerTimeout ?? .zero)
        }
        if watched.revents & ~Int16(POLLOUT) != 0 { try consumeInput() }
    }
}

private func milliseconds(_ duration: Duration) -> Int32 {
    Int32(clamping: Int64((duration / .milliseconds(1)).rounded(.up)))
}

/// What libpq says, without its line breaks.
func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }
        .joined(separator: "; ")
}

private final class NoticeBox: Sendable {
    let handler: (@Sendable (PostgresFault) -> Void)?
    init(handler: (@Sendable (PostgresFault) -> Void)?) { self.handler = handler }
}

// Without a receiver, libpq writes notices to standard error.
private func receiveNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
    guard let context, let result else { return }
    let box = Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue()
    box.handler?(PostgresFault(of: result))
}
