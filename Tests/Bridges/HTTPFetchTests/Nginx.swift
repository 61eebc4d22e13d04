import Glibc
import TestKit

/// nginx, run beside a test.
enum Nginx {
    /// Runs it with `servers` in its configuration.
    static func start(_ servers: String, in folder: TemporaryFolder) async throws -> ChildProcess {
        let configuration = try folder.write(
            """
            daemon off; master_process off; pid \(folder.file("pid"));
            error_log stderr error;
            events { worker_connections 4096; }
            http {
                access_log off;
                client_body_temp_path \(folder.file("body"));
                proxy_temp_path \(folder.file("proxy"));
                fastcgi_temp_path \(folder.file("fastcgi"));
                uwsgi_temp_path \(folder.file("uwsgi"));
                scgi_temp_path \(folder.file("scgi"));
                \(servers)
            }
            """, to: "nginx.conf")
        return try await ChildProcess.start(["nginx", "-c", configuration, "-e", "stderr"])
    }

    /// A port that nobody listens on now.
    static func freePort() throws -> Int {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, length) == 0 && getsockname(probe, $0, &length) == 0
            }
        }
        guard isBound else { throw SystemError("bind", path: "127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
