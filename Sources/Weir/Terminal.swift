import Glibc

/// Standard output and standard error, written at once and whole.
enum Terminal {
    /// Writes to standard output.
    static func write(_ text: String) { write(text, to: 1) }

    /// Writes to standard error.
    static func complain(_ text: String) { write(text + "\n", to: 2) }

    /// Writes to standard output; throws where it cannot take any more.
    static func send(_ bytes: [UInt8]) throws(UsageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(1, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw UsageError(
                    "cannot write to standard output: \(unsafe String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            // Whoever read is gone; there is nobody left to tell.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
