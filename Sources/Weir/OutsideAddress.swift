import API
import Glibc
import HTTPServe

extension TargetAccess.Outside {
    /// How those who are not on this machine reach it: the external URL says so, or else the
    /// machine's name does, with the port of the first listener.
    init(externalURL: String, listeners: [ListenAddress]) {
        let ports = listeners.compactMap { address -> UInt16? in
            if case .tcp(_, let port) = address { port } else { nil }
        }
        let ownPort = Int(ports.first ?? 0)
        guard let end = externalURL.firstRange(of: "://") else {
            self.init(scheme: "http", host: "\(Self.hostName):\(ownPort)", ownPort: ownPort)
            return
        }
        let authority = externalURL[end.upperBound...].prefix { !"/?#".contains($0) }
        self.init(
            scheme: String(externalURL[..<end.lowerBound]), host: String(authority),
            ownPort: ownPort)
    }

    /// What the machine calls itself.
    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        // Safe: one byte is left for the end of the text.
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
