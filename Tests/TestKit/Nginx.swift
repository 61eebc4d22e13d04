/// nginx, run beside a test.
public enum Nginx {
    /// Runs it with `servers` in its configuration.
    public static func start(
        _ servers: String, in folder: TemporaryFolder, connections: Int = 4096
    ) async throws -> ChildProcess {
        let configuration = try folder.write(
            """
            daemon off; master_process off; pid \(folder.file("pid"));
            error_log stderr error;
            events { worker_connections \(connections); }
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
}
