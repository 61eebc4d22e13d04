/// Packs a stream of bytes.
public struct Compressor: ~Copyable {
    // One of the two; an enum of them could not be changed in place.
    private var zlib: ZlibDeflater?
    private var zstd: ZstdCompressor?

    /// Packs as `coding`; `level` 1 is fastest, which is also the default.
    public init(_ coding: ContentCoding, level: Int? = nil) throws(CompressionError) {
        switch coding {
        case .gzip, .deflate: zlib = try ZlibDeflater(coding, level: level ?? 1)
        case .zstd: zstd = try ZstdCompressor(level: level ?? 1)
        }
    }

    /// Takes `bytes`, and appends to `output` what is ready, which may be nothing.
    public mutating func compress(
        _ bytes: [UInt8], into output: inout [UInt8]
    ) throws(CompressionError) {
        try run(bytes, .more, into: &output)
    }

    /// Appends to `output` all that was held back, so that the reader can have it now.
    public mutating func flush(into output: inout [UInt8]) throws(CompressionError) {
        try run([], .flush, into: &output)
    }

    /// Appends the end of the stream; nothing may be packed after it.
    public mutating func finish(into output: inout [UInt8]) throws(CompressionError) {
        try run([], .finish, into: &output)
    }

    private mutating func run(
        _ bytes: [UInt8], _ step: Step, into output: inout [UInt8]
    ) throws(CompressionError) {
        try zlib?.run(bytes, step, into: &output)
        try zstd?.run(bytes, step, into: &output)
    }
}

/// What a compressor is asked for.
enum Step {
    case more, flush, finish
}

/// Bytes are taken out of a library in pieces of this size.
let pieceSize = 32 * 1024

/// Lets `fill` write up to a piece behind the bytes of `output`; it says how many it wrote.
func appendPiece<Failure: Error>(
    to output: inout [UInt8], _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
) throws(Failure) {
    try withUnsafeTemporaryAllocation(byteCount: pieceSize, alignment: 16) {
        (room) throws(Failure) in
        let written = try fill(room)
        output.append(contentsOf: room[..<written])
    }
}
