/// One request and what becomes of it.
// Safe to share: `shared` is only touched with the loop's lock held, the rest only on its thread;
// a task gets the exchange to hand its result in, and no more.
final class Exchange: @unchecked Sendable {
    /// What is asked of the task, or of the client.
    enum Stage {
        /// The gate is looking, before a body is read.
        case gate
        /// The body comes in.
        case body
        /// More body comes than is read; the answer is known.
        case discarding(left: Int)
        /// The handler works, or has.
        case handler
        /// The answer is with libmicrohttpd.
        case answered
    }

    /// What crosses threads.
    struct Shared {
        /// The gate let it pass.
        var admission: Admission?
        /// The answer is made.
        var answer: Answer?
        /// Whether the connection is suspended until one of these is there.
        var isParked = false
        /// Set once it has run to its first suspension.
        var task: Task<Void, Never>?
        /// Whether nobody waits for it any more.
        var isGone = false
    }

    var shared = Shared()
    /// `nil` once the request is over.
    var connection: Connection?
    var request: ServerRequest
    var stage = Stage.handler
    let startedAt: Instant
    /// When the task was asked to begin.
    var dispatchedAt: Instant = 0
    /// Whether a task was started.
    var isStarted = false
    /// Whether libmicrohttpd asks for the answer again and again.
    var isUndecided = false
    var isAbandoned = false
    /// What is answered where there is no route, if it is not 404.
    var miss: ServerResponse?
    /// The body as it comes in.
    var body: [UInt8] = []
    var bodyLimit = 0
    var upload: UploadPipe?
    var credential: String?
    /// The answer, once it is with libmicrohttpd.
    var sent: Answer?

    init(_ request: ServerRequest, now: Instant) {
        self.request = request
        startedAt = now
    }
}

/// What a gate that lets a request pass has found out.
struct Admission: Sendable {
    let identity: (any Sendable)?
    let name: String?
}
