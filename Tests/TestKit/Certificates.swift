/// An authority, a server's certificate and two clients', made by openssl.
public struct Certificates: Sendable {
    /// Where they lie.
    public let folder: TemporaryFolder

    /// The authority's certificate.
    public var authority: String { folder.file("ca.pem") }
    /// A certificate: of `server`, `one` or `two`.
    public func certificate(_ name: String) -> String { folder.file("\(name).pem") }
    /// Its key.
    public func key(_ name: String) -> String { folder.file("\(name).key") }

    /// Makes them all, for a server of one host or of several: `a,DNS:b`.
    public static func make(host: String = "weir.test") async throws -> Certificates {
        let folder = try TemporaryFolder("tls")
        let lines = """
            set -e; cd \(folder.path)
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                -subj /CN=authority -keyout ca.key -out ca.pem
            for name in server one two; do
                printf 'subjectAltName=DNS:\(host)\\n' > $name.ext
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                    -subj /CN=$name -keyout $name.key -out $name.csr
                openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                    -extfile $name.ext -out $name.pem
            done
            """
        let made = try await ChildProcess.run(["sh", "-c", lines])
        guard made.status == 0 else { throw SystemError("run", path: "openssl: \(made.errors)") }
        return Certificates(folder: folder)
    }

    /// A TLS server that answers with what it learned of the client.
    public func nginx(
        port: Int, protocols: String = "TLSv1.2 TLSv1.3"
    ) async throws -> ChildProcess {
        try await Nginx.start(
            """
            server {
                listen 127.0.0.1:\(port) ssl http2;
                ssl_certificate \(certificate("server")); ssl_certificate_key \(key("server"));
                ssl_client_certificate \(authority); ssl_verify_client optional;
                ssl_protocols \(protocols);
                location / {
                    return 200 "$ssl_protocol $server_protocol $http_host $ssl_server_name $ssl_client_s_dn";
                }
            }
            """, in: folder)
    }
}
