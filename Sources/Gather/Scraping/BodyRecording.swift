import HTTPFetch

/// The first bytes of an answer as they came, for those who want to see what a target said.
struct BodyRecording: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var contentType = ""
    private(set) var status = 0
    /// Whether there was more than is kept.
    private(set) var isCut = false

    /// More of one body is not kept.
    static let limitBytes = 1 << 20

    /// What the answer before needed, so that memory is asked for once.
    private var usual = 0

    /// What is kept of a good answer between scrapes: nothing but its head.
    mutating func drop() {
        usual = bytes.count
        bytes = []
    }

    /// Forgets what was there.
    mutating func begin() {
        bytes = []
        bytes.reserveCapacity(usual)
        (contentType, status, isCut) = ("", 0, false)
    }

    /// Notes the head of an answer.
    mutating func take(_ head: HTTPResponse) {
        contentType = head.fields["Content-Type"] ?? ""
        status = head.status
    }

    /// Adds a piece, as far as there is room.
    mutating func append(_ piece: Span<UInt8>) {
        let count = min(piece.count, Self.limitBytes - bytes.count)
        if count < piece.count { isCut = true }
        guard count > 0 else { return }
        // Safe: the bytes are copied before the closure ends.
        unsafe piece.extracting(0..<count).withUnsafeBufferPointer {
            unsafe bytes.append(contentsOf: $0)
        }
    }
}
