/// Unpacks a stream of bytes, and stops at a cap.
public struct Inflater: ~Copyable {
    // One of the two; an enum of them could not be changed in place.
    private var zlib: ZlibInflater?
    private var zstd: ZstdDecompressor?

    /// Unpacks `coding`, and throws `tooLarge` before more than `limit` bytes come out.
    public init(_ coding: ContentCoding, limit: Int) throws(CompressionError) {
        switch coding {
        case .gzip, .deflate: zlib = try ZlibInflater(coding, limit: limit)
        case .zstd: zstd = try ZstdDecompressor(limit: limit)
        }
    }

    /// Takes `bytes`, and appends to `output` what they unpack to, which may be nothing.
    public mutating func inflate(
        _ bytes: [UInt8], into output: inout [UInt8]
    ) throws(CompressionError) {
        try zlib?.run(bytes, into: &output)
        try zstd?.run(bytes, into: &output)
    }

    /// Throws `truncated` where the stream has not ended with what was given.
    public func finish() throws(CompressionError) {
        try zlib?.finish()
        try zstd?.finish()
    }
}
