import Compression
public import Model

/// What a target answered, kept compressed for those who want to see it.
public struct RecordedBody: Sendable {
    /// When it was scraped.
    public let time: Timestamp
    /// The answer's status; 0 where there was none.
    public let status: Int
    /// What the target says that it is.
    public let contentType: String
    /// Why the scrape failed; `nil` for a good one.
    public let error: String?
    /// How many bytes it had; those over a mebibyte are not kept.
    public let byteCount: Int
    /// Whether something of it is missing.
    public let isCut: Bool
    private let packed: [UInt8]

    /// How much memory it takes.
    var cost: Int { packed.count + 200 }

    init(_ recording: BodyRecording, time: Timestamp, error: String?, byteCount: Int) {
        self.time = time
        self.error = error
        self.byteCount = byteCount
        (status, contentType) = (recording.status, recording.contentType)
        do throws(CompressionError) {
            packed = try compress(recording.bytes, as: .zstd, level: 1)
            isCut = recording.isCut
        } catch {
            (packed, isCut) = ([], true)
        }
    }

    /// The bytes, as far as they were kept.
    public func bytes() -> [UInt8] {
        guard !packed.isEmpty else { return [] }
        // Lost is nothing: what was packed here can be unpacked.
        return (try? inflate(packed, from: .zstd, limit: BodyRecording.limitBytes)) ?? []
    }
}

/// The last failing answers of all targets, as many as fit into a bounded memory.
struct FlightRecorder {
    private var bodies: [ClockKey: RecordedBody] = [:]
    private var cost = 0
    private let limit: Int

    /// A recorder of so many bytes, packed.
    init(limit: Int = 32 << 20) { self.limit = limit }

    subscript(key: ClockKey) -> RecordedBody? { bodies[key] }

    /// Keeps an answer in place of the target's last one; the oldest ones make room.
    mutating func keep(_ body: RecordedBody, of key: ClockKey) {
        forget(key)
        bodies[key] = body
        cost += body.cost
        guard cost > limit else { return }
        // To an eighth below, so that this is not done each time.
        for (key, _) in bodies.sorted(by: { $0.value.time < $1.value.time }) {
            if cost <= limit / 8 * 7 { break }
            forget(key)
        }
    }

    mutating func forget(_ key: ClockKey) {
        if let old = bodies.removeValue(forKey: key) { cost -= old.cost }
    }
}
