/// Reads YAML into nodes within bounded time and memory.
public enum YAMLReader {
    /// The nodes of `bytes`; `file` is the name that complaints give.
    public static func read(
        _ bytes: [UInt8], file: String, limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> YAMLDocument {
        guard bytes.count <= limits.bytes else {
            throw refusal(
                "the file holds more than \(limits.bytes >> 20) MB",
                "split it, with scrape_config_files or file_sd_configs", at: .start, file: file)
        }
        let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
        if let fault = YAMLBytes.firstFault(in: bytes) {
            throw .refused(
                YAMLComplaint(
                    .error, file: file, mark: fault.mark, problem: fault.problem,
                    remedy: fault.remedy, source: ""))
        }
        var builder = YAMLBuilder(file: file, bytes: bytes, limits: limits)
        let root = try builder.build()
        return YAMLDocument(file: file, root: root, bytes: bytes, warnings: builder.warnings)
    }

    /// The nodes of the file at `path`.
    public static func read(
        path: String, limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> YAMLDocument {
        try read(YAMLBytes.contents(of: path, limit: limits.bytes), file: path, limits: limits)
    }

    private static func refusal(
        _ problem: String, _ remedy: String, at mark: YAMLMark, file: String
    ) -> YAMLError {
        .refused(
            YAMLComplaint(
                .error, file: file, mark: mark, problem: problem, remedy: remedy, source: ""))
    }
}
