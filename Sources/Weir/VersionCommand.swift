/// `weir version`: which Weir this is.
enum VersionCommand {
    static let command = Command(
        "version", "Says which Weir this is.",
        flags: [.toggle("short", "Only the number.")]
    ) { invocation in
        Terminal.write(invocation.isOn("short") ? "\(Version.number)\n" : Version.text + "\n")
        return .success
    }
}

/// The version of this build.
enum Version {
    /// The number of the release.
    static let number = "0.1.0"

    /// The number, the compiler and the machine.
    static let text = "weir \(number) (swift \(compiler), \(platform))"

    /// The compiler's version, as far as the language tells it.
    static let compiler: String = {
        #if compiler(>=6.4)
            "6.4 or newer"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }()

    private static let platform: String = {
        #if arch(x86_64)
            "linux/amd64"
        #elseif arch(arm64)
            "linux/arm64"
        #else
            "linux"
        #endif
    }()
}
