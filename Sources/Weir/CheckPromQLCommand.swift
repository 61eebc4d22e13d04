import Glibc
import PromQL

/// `weir check promql`: runs scripts of Prometheus's test language on Weir's own engine.
enum CheckPromQLCommand {
    static let command = Command(
        "check promql", "Runs test scripts of PromQL: queries, and what they have to yield.",
        operands: "FILE.test…", operandCount: 1...Int.max,
        details: """
            Example: weir check promql aggregators.test operators.test
            Every eval that fails is told with its file, line and expression. The last line counts.
            Exit codes: 0 all passed, 1 any failed or a script cannot be read.
            """
    ) { invocation in
        let runner = ScriptRunner()
        var (passed, failed) = (0, 0)
        var isReadable = true
        for file in invocation.operands {
            do {
                let script = String(decoding: try bytes(of: file), as: UTF8.self)
                let outcome = try await runner.run(script, file: file)
                passed += outcome.passed
                failed += outcome.failures.count
                for failure in outcome.failures { Terminal.complain(failure) }
            } catch let error as ScriptError {
                Terminal.complain("\(error)")
                isReadable = false
            }
        }
        Terminal.write("\(passed) passed, \(failed) failed\n")
        return failed == 0 && isReadable ? .success : .failure
    }

    private static func bytes(of file: String) throws(UsageError) -> [UInt8] {
        let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(file) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(file) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: piece[..<count])
        }
    }

    private static func unreadable(_ file: String) -> UsageError {
        UsageError("cannot read \(file): \(unsafe String(cString: strerror(errno)))")
    }
}
