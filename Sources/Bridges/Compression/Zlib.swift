import CZlib

/// A deflate stream of zlib, with its state at a fixed address as zlib wants it.
struct ZlibDeflater: ~Copyable {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let coding: ContentCoding

    init(_ coding: ContentCoding, level: Int) throws(CompressionError) {
        self.coding = coding
        stream.initialize(to: z_stream())
        let code = deflateInit2_(
            stream, Int32(level), Z_DEFLATED, windowBits(coding), 8, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw .outOfMemory(coding) }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    mutating func run(
        _ bytes: [UInt8], _ step: Step, into output: inout [UInt8]
    ) throws(CompressionError) {
        let stream = stream
        let mode: Int32 =
            switch step {
            case .more: Z_NO_FLUSH
            case .flush: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        bytes.withUnsafeBufferPointer { input in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            var isFull = true
            while isFull {
                appendPiece(to: &output) { room in
                    stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    stream.pointee.avail_out = UInt32(room.count)
                    CZlib.deflate(stream, mode)
                    isFull = stream.pointee.avail_out == 0
                    return room.count - Int(stream.pointee.avail_out)
                }
            }
        }
    }
}

/// An inflate stream of zlib; several gzip members in a row are one stream.
struct ZlibInflater: ~Copyable {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let coding: ContentCoding
    private let limit: Int
    private var total = 0
    private var hasEnded = false

    init(_ coding: ContentCoding, limit: Int) throws(CompressionError) {
        (self.coding, self.limit) = (coding, limit)
        stream.initialize(to: z_stream())
        let code = inflateInit2_(
            stream, windowBits(coding), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw .outOfMemory(coding) }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    mutating func run(
        _ bytes: [UInt8], into output: inout [UInt8]
    ) throws(CompressionError) {
        var offset = 0
        var isFull = false
        while offset < bytes.count || isFull {
            if hasEnded {
                guard coding == .gzip else {
                    throw .corrupt(coding, reason: "bytes follow its end")
                }
                inflateReset(stream)
                hasEnded = false
            }
            let (used, written, code) = step(bytes, from: offset, into: &output)
            offset += used
            total += written
            isFull = written == pieceSize
            if total > limit { throw .tooLarge(limit: limit) }
            switch code {
            case Z_STREAM_END:
                hasEnded = true
                isFull = false
            case Z_OK, Z_BUF_ERROR: if used == 0 && written == 0 { return }
            case Z_MEM_ERROR: throw .outOfMemory(coding)
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) }
                throw .corrupt(coding, reason: reason ?? "it needs a dictionary")
            }
        }
    }

    func finish() throws(CompressionError) {
        if !hasEnded { throw .truncated(coding) }
    }

    private func step(
        _ bytes: [UInt8], from offset: Int, into output: inout [UInt8]
    ) -> (used: Int, written: Int, code: Int32) {
        var result = (used: 0, written: 0, code: Z_OK)
        let stream = stream
        bytes.withUnsafeBufferPointer { input in
            let rest = input[offset...]
            stream.pointee.next_in = input.baseAddress.map {
                UnsafeMutablePointer(mutating: $0) + offset
            }
            stream.pointee.avail_in = UInt32(rest.count)
            appendPiece(to: &output) { room in
                stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(room.count)
                result.code = CZlib.inflate(stream, Z_NO_FLUSH)
                result.used = rest.count - Int(stream.pointee.avail_in)
                result.written = room.count - Int(stream.pointee.avail_out)
                return result.written
            }
        }
        return result
    }
}

/// 15 is the largest window; 16 more asks for the gzip format.
private func windowBits(_ coding: ContentCoding) -> Int32 { coding == .gzip ? 31 : 15 }
