import Glibc
import Model
import Telemetry

/// `scrape_failure_log_file`: a line of JSON for each scrape that failed.
enum FailureLog {
    /// One failure.
    struct Entry: Sendable {
        let time: Timestamp
        let job: String
        let target: String
        let error: String
    }

    /// Appends a line, and makes the file where there is none; gives the reason where it cannot.
    ///
    /// It is opened anew each time, so that whoever rotates it need tell nobody.
    static func append(_ entry: Entry, to path: String) -> String? {
        let line = LogLine(
            time: entry.time, level: .error, message: entry.error,
            fields: [("job_name", entry.job), ("target", entry.target)])
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { return reason() }
        defer { close(descriptor) }
        let bytes = Array(line.text(as: .json).utf8)
        // One piece, so that lines of several writers do not mix.
        return unsafe write(descriptor, bytes, bytes.count) == bytes.count ? nil : reason()
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
