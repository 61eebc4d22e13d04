import CZstd

/// A compressing stream of libzstd.
struct ZstdCompressor: ~Copyable {
    private let context: OpaquePointer

    init(level: Int) throws(CompressionError) {
        guard let context = ZSTD_createCCtx() else { throw .outOfMemory(.zstd) }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
    }

    deinit { ZSTD_freeCCtx(context) }

    mutating func run(
        _ bytes: [UInt8], _ step: Step, into output: inout [UInt8]
    ) throws(CompressionError) {
        let context = context
        let mode =
            switch step {
            case .more: ZSTD_e_continue
            case .flush: ZSTD_e_flush
            case .finish: ZSTD_e_end
            }
        var failure: CompressionError?
        bytes.withUnsafeBytes { source in
            var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            var isDone = false
            while !isDone && failure == nil {
                appendPiece(to: &output) { room in
                    var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                    let left = ZSTD_compressStream2(context, &target, &input, mode)
                    if ZSTD_isError(left) != 0 { failure = .corrupt(.zstd, reason: name(left)) }
                    isDone = step == .more ? input.pos == input.size : left == 0
                    return target.pos
                }
            }
        }
        if let failure { throw failure }
    }
}

/// A decompressing stream of libzstd; several frames in a row are one stream.
struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer
    private let limit: Int
    private var total = 0
    private var hasEnded = false

    init(limit: Int) throws(CompressionError) {
        guard let context = ZSTD_createDCtx() else { throw .outOfMemory(.zstd) }
        (self.context, self.limit) = (context, limit)
        // A frame may ask for a window of up to 2 GB; 8 MB is what RFC 8878 has a reader support.
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23)
    }

    deinit { ZSTD_freeDCtx(context) }

    mutating func run(
        _ bytes: [UInt8], into output: inout [UInt8]
    ) throws(CompressionError) {
        let context = context
        var failure: CompressionError?
        var (total, limit, hasEnded) = (total, limit, hasEnded)
        bytes.withUnsafeBytes { source in
            var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            var isFull = false
            while (input.pos < input.size || isFull) && failure == nil {
                appendPiece(to: &output) { room in
                    var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                    let left = ZSTD_decompressStream(context, &target, &input)
                    if ZSTD_isError(left) != 0 { failure = .corrupt(.zstd, reason: name(left)) }
                    hasEnded = left == 0
                    isFull = target.pos == target.size
                    total += target.pos
                    if total > limit { failure = .tooLarge(limit: limit) }
                    return target.pos
                }
            }
        }
        (self.total, self.hasEnded) = (total, hasEnded)
        if let failure { throw failure }
    }

    func finish() throws(CompressionError) {
        if !hasEnded { throw .truncated(.zstd) }
    }
}

private func name(_ code: Int) -> String { String(cString: ZSTD_getErrorName(code)) }
