import Glibc

/// The programs that were built together with the tests.
public enum Built {
    /// The path of `weir`, as built in the tests' own configuration.
    public static let weir = program("weir")

    /// The path of another program of the package, such as one that only tests start.
    public static func program(_ name: String) -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let bytes = path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        let folder = String(decoding: bytes, as: UTF8.self).split(separator: "/").dropLast()
        return "/" + folder.joined(separator: "/") + "/" + name
    }
}
