import Access
import Configuration
import Glibc

/// Where Weir's own settings are.
struct SettingsFile: Sendable {
    /// The file, where there is one.
    let path: String?

    /// The one at `path`; without it, settings come from the environment alone.
    init(path: String?) { self.path = path }

    /// `weir.yml` beside the configuration at `path`, if it is there.
    init(beside config: String) {
        let folder = config.lastIndex(of: "/").map { String(config[...$0]) } ?? ""
        path = unsafe Glibc.access(folder + "weir.yml", F_OK) == 0 ? folder + "weir.yml" : nil
    }

    /// The one given, or `weir.yml` beside the configuration.
    init(_ invocation: Invocation) {
        guard !invocation.isGiven("settings") else {
            self.init(path: invocation.text("settings"))
            return
        }
        self.init(beside: invocation.takes("config.file") ? invocation.text("config.file") : "")
    }

    /// What the file and the `WEIR_…` variables say now.
    func read() -> SettingsReading { SettingsReading(path: path, environment: Self.environment) }

    /// Other than before whenever the file's bytes are.
    func checksum() -> UInt64 { SettingsReading.checksum(of: path) }

    /// The settings as they are now, where nothing is wrong with them.
    func settings() throws(UnusableFiles) -> Settings {
        let reading = read()
        guard let settings = reading.settings else {
            throw UnusableFiles(complaints: reading.errors)
        }
        return settings
    }

    /// Who may pass, as the file says now.
    func access() throws(UnusableFiles) -> AccessSettings { try settings().access }

    /// The `WEIR_…` variables of this process.
    private static let environment: [String: String] = {
        var variables: [String: String] = [:]
        var next = unsafe environ
        while let text = unsafe next.pointee {
            let line = unsafe String(cString: text)
            if line.hasPrefix("WEIR_"), let sign = line.firstIndex(of: "=") {
                variables[String(line[..<sign])] = String(line[line.index(after: sign)...])
            }
            unsafe next += 1
        }
        return variables
    }()
}
