import CZlib

/// Bytes packed so that they may stand anywhere in a gzip body.
///
/// Segments one behind the other, between `GzipBody.start` and `GzipBody.end`, are one gzip stream
/// of one member: every reader takes it, also those that know of one member only. Whoever sends
/// the same bytes again and again packs them once.
public struct GzipSegment: Sendable {
    /// Whole bytes of a deflate stream that does not end with them.
    public let bytes: [UInt8]
    /// How many bytes it holds unpacked.
    public let count: Int
    fileprivate let checksum: UInt

    /// The bytes that were packed.
    public func unpacked() throws(CompressionError) -> [UInt8] {
        var stream = z_stream()
        let code = inflateInit2_(
            &stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw .outOfMemory(.gzip) }
        defer { inflateEnd(&stream) }
        let output = [UInt8](unsafeUninitializedCapacity: count) { room, written in
            bytes.withUnsafeBufferPointer { input in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                _ = inflate(&stream, Z_SYNC_FLUSH)
            }
            written = room.count - Int(stream.avail_out)
        }
        guard output.count == count else { throw .truncated(.gzip) }
        return output
    }
}

/// Packs segments, each for itself.
public struct GzipPacker: ~Copyable {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// A packer at its fastest.
    public init() throws(CompressionError) {
        stream.initialize(to: z_stream())
        // Without a window's header, which only the whole has.
        let code = deflateInit2_(
            stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw .outOfMemory(.gzip) }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// `bytes` as a segment.
    public mutating func pack(_ bytes: [UInt8]) -> GzipSegment {
        let stream = stream
        deflateReset(stream)
        let checksum = bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        // Ten more for the empty block at its end.
        let most = Int(deflateBound(stream, UInt(bytes.count))) + 16
        let packed = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: most) { room in
            bytes.withUnsafeBufferPointer { input in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = room.baseAddress
                stream.pointee.avail_out = UInt32(room.count)
                _ = deflate(stream, Z_SYNC_FLUSH)
            }
            precondition(stream.pointee.avail_in == 0, "BUG: a segment without room")
            return Array(room[..<(room.count - Int(stream.pointee.avail_out))])
        }
        return GzipSegment(bytes: packed, count: bytes.count, checksum: checksum)
    }
}

/// What stands around segments: it knows the checksum of all of them.
public struct GzipBody: Sendable {
    /// The bytes before the first segment.
    public static let start: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff]
    private var checksum: UInt = 0
    private var count = 0

    /// A body of nothing.
    public init() {}

    /// `segment` is the next one.
    public mutating func add(_ segment: GzipSegment) {
        checksum = crc32_combine(checksum, segment.checksum, segment.count)
        count += segment.count
    }

    /// The bytes behind the last segment: an empty block that ends the stream, and the checksum.
    public var end: [UInt8] {
        var bytes: [UInt8] = [3, 0]
        for value in [UInt32(truncatingIfNeeded: checksum), UInt32(truncatingIfNeeded: count)] {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        return bytes
    }
}
