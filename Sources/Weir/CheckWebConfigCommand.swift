import API
import Access
import HTTPServe

/// `weir check web-config`: whether a web configuration can be used, its certificates included.
enum CheckWebConfigCommand {
    static let command = Command(
        "check web-config", "Says whether a web configuration file can be used.",
        operands: "FILE…", operandCount: 1...1000,
        details:
            "Reads the certificates that the file names too. Exits with 1 if one cannot be used."
    ) { invocation in
        var code = ExitCode.success
        for path in invocation.operands {
            do {
                let (config, warnings) = try WebConfig.read(file: path)
                // What TLS is made of is read as a server would.
                let options = try config.tls.map { try TLSOptions($0) }
                try options?.check()
                for warning in warnings { Terminal.complain("warning: \(warning)") }
                Terminal.write("\(path): \(summary(config, hasTLS: options != nil))\n")
            } catch {
                Terminal.complain("\(error)")
                Terminal.write("\(path): FAILED\n")
                code = .failure
            }
        }
        return code
    }

    private static func summary(_ config: WebConfig, hasTLS: Bool) -> String {
        let users = config.users.count
        let headers = config.headers.count
        return "SUCCESS, TLS \(hasTLS ? "on" : "off"), \(users) user\(users == 1 ? "" : "s"), "
            + "\(headers) header\(headers == 1 ? "" : "s")"
    }
}
