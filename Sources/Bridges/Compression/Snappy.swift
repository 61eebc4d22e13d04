internal import CSnappy

/// Snappy's block format, as remote write and remote read speak it: whole bodies, no stream.
public enum Snappy {
    /// `bytes`, packed.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        let room = snappy_max_compressed_length(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: room) { packed, count in
            var length = room
            let status = bytes.withUnsafeBytes { plain in
                packed.withMemoryRebound(to: CChar.self) { packed in
                    snappy_compress(
                        plain.baseAddress?.assumingMemoryBound(to: CChar.self), plain.count,
                        packed.baseAddress, &length)
                }
            }
            precondition(status == SNAPPY_OK, "BUG: snappy had too little room")
            count = length
        }
    }

    /// `bytes`, unpacked, never more than `limit` of them.
    ///
    /// A block begins with the length of what it holds, so one that is too large costs nothing.
    public static func uncompress(
        _ bytes: [UInt8], limit: Int
    ) throws(SnappyError) -> [UInt8] {
        var length = 0
        let isKnown = bytes.withUnsafeBytes { packed in
            snappy_uncompressed_length(
                packed.baseAddress?.assumingMemoryBound(to: CChar.self), packed.count, &length)
        }
        guard isKnown == SNAPPY_OK else { throw .corrupt }
        guard length <= limit else { throw .tooLarge(limit: limit) }
        // The densest block is copies of 64 bytes that take three each: who promises more lies,
        // and gets no memory for it.
        guard length <= 32 * bytes.count + 64 else { throw .corrupt }
        var status = SNAPPY_OK
        let plain = [UInt8](unsafeUninitializedCapacity: length) { plain, count in
            var written = length
            status = bytes.withUnsafeBytes { packed in
                plain.withMemoryRebound(to: CChar.self) { plain in
                    snappy_uncompress(
                        packed.baseAddress?.assumingMemoryBound(to: CChar.self), packed.count,
                        plain.baseAddress, &written)
                }
            }
            count = status == SNAPPY_OK ? written : 0
        }
        guard status == SNAPPY_OK else { throw .corrupt }
        return plain
    }
}

/// Why a block of Snappy cannot be unpacked.
public enum SnappyError: Error, Equatable, CustomStringConvertible {
    /// It is damaged, or something else.
    case corrupt
    /// It holds more than it may.
    case tooLarge(limit: Int)

    /// What is wrong with it.
    public var description: String {
        switch self {
        case .corrupt: "the snappy data is damaged, or not in snappy's block format"
        case .tooLarge(let limit): "the data unpacks to more than \(limit) bytes"
        }
    }
}
