import CSystem

/// A checksum that finds what a disk lost or changed.
public enum Checksum {
    /// The CRC-32C of `bytes`, which follow those that gave `before`.
    public static func crc32c(_ bytes: Span<UInt8>, after before: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { weir_crc32c(before, $0.baseAddress, $0.count) }
    }

    /// The same without the processor's own instruction; for comparison.
    static func portableCRC32C(_ bytes: Span<UInt8>, after before: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { weir_crc32c_portable(before, $0.baseAddress, $0.count) }
    }
}
