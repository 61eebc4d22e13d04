// Compression: gzip, deflate and zstd, streamed, and snappy's blocks, with a cap on what comes out.
// In and out: bytes in pieces of any size. Start at `Compressor` and `Inflater`; whole bodies go
// through `compress` and `inflate` here, or `Snappy`. Imports: CSnappy, CZlib, CZstd.

/// What keeps bytes from being packed or unpacked.
public enum CompressionError: Error, Equatable, CustomStringConvertible {
    /// The bytes are not in that coding, or damaged.
    case corrupt(ContentCoding, reason: String)
    /// The bytes end in the middle.
    case truncated(ContentCoding)
    /// More than `limit` bytes come out.
    case tooLarge(limit: Int)
    /// The library has no memory left.
    case outOfMemory(ContentCoding)

    /// What is wrong with which data.
    public var description: String {
        switch self {
        case .corrupt(let coding, let reason): "the \(coding.rawValue) data is damaged: \(reason)"
        case .truncated(let coding): "the \(coding.rawValue) data ends in the middle"
        case .tooLarge(let limit): "the data unpacks to more than \(limit) bytes"
        case .outOfMemory(let coding): "\(coding.rawValue) got no memory"
        }
    }
}

/// A way to pack bytes, named as in Content-Encoding.
public enum ContentCoding: String, Sendable, CaseIterable {
    /// DEFLATE with a header and a CRC (RFC 1952).
    case gzip
    /// DEFLATE in the zlib format (RFC 1950), as HTTP means it.
    case deflate
    /// Zstandard (RFC 8878).
    case zstd
}

/// `bytes`, packed in one go.
public func compress(
    _ bytes: [UInt8], as coding: ContentCoding, level: Int? = nil
) throws(CompressionError) -> [UInt8] {
    var compressor = try Compressor(coding, level: level)
    var packed: [UInt8] = []
    packed.reserveCapacity(bytes.count / 4 + 64)
    try compressor.compress(bytes, into: &packed)
    try compressor.finish(into: &packed)
    return packed
}

/// `bytes`, unpacked in one go; never more than `limit` of them.
public func inflate(
    _ bytes: [UInt8], from coding: ContentCoding, limit: Int
) throws(CompressionError) -> [UInt8] {
    var inflater = try Inflater(coding, limit: limit)
    var plain: [UInt8] = []
    try inflater.inflate(bytes, into: &plain)
    try inflater.finish()
    return plain
}
