import Configuration
import Glibc
import Migrations
import Model
import Postgres
import Storage
import Telemetry

/// `weir backfill openmetrics`: takes old samples in from a file.
enum BackfillCommand {
    static let command = Command(
        "backfill openmetrics", "Takes old samples into the database, from OpenMetrics text.",
        operands: "FILE|-", operandCount: 1...1,
        flags: [
            .toggle("again", isCommon: true, "Take the file in from its beginning, once more."),
            Flag(
                "name", .text, "NAME", isCommon: true,
                "What standard input is called, so that it can be resumed."),
        ] + Database.flags,
        details: """
            Example: weir export > all.om; weir backfill openmetrics all.om
            Every sample needs its time. Samples may come in any order; those of one series side by
            side are fastest. A run that was cut off goes on where it was when it is started again.
            A sample whose series has one at that time already takes its place.
            """
    ) { invocation in
        let log = Log.standardError(level: .warn, format: .logfmt)
        let settings = try SettingsFile(invocation).settings()
        let database = try Database(invocation, settings: settings, log: log)
        let input = try BackfillInput(invocation.operands[0], name: invocation.text("name"))
        return try await database.whileRunning {
            _ = try await Migrator().migrate(database.options)
            let pool = PostgresPool(database.options, size: 1)
            let code = try await run(input, pool, again: invocation.isOn("again"), settings)
            await pool.close()
            return code
        }
    }

    private static func run(
        _ opened: BackfillInput, _ pool: PostgresPool, again: Bool, _ settings: Settings
    ) async throws -> ExitCode {
        var input = opened
        var mark = BackfillMark(
            name: input.name ?? "", bytes: 0, samples: 0, typeLine: "", isDone: false)
        if let name = input.name, !again, let noted = try await BackfillMark.read(name, pool) {
            guard !noted.isDone else {
                Terminal.complain(
                    "\(input.path) was taken in before, \(noted.samples) samples; --again does it once more"
                )
                return .success
            }
            Terminal.complain("going on behind \(noted.bytes) bytes, \(noted.samples) samples")
            mark = noted
            try input.skip(mark.bytes)
        }
        var reader = BackfillReader(typeLine: mark.typeLine)
        var backfill = Backfill(pool: pool)
        var progress = Progress("samples taken in")
        let before = mark.samples
        while let piece = try input.next() {
            try reader.read(piece, into: &backfill)
            mark.bytes += piece.count
            mark.samples = before + reader.samples
            mark.typeLine = reader.typeLine
            guard backfill.isFull else { continue }
            try await backfill.flush(noting: input.name == nil ? nil : mark)
            reader.startOver()
            progress.show(reader.samples, input.share(mark.bytes))
        }
        mark.isDone = true
        try await backfill.flush(noting: input.name == nil ? nil : mark)
        progress.end(reader.samples, "\(reader.lines) lines")
        tell(backfill.outcome, settings)
        return .success
    }

    private static func tell(_ outcome: Backfill.Outcome, _ settings: Settings) {
        if outcome.late > 0 {
            Terminal.complain(
                "\(outcome.late) of them where something was before; a merge folds them in")
        }
        if outcome.refused > 0 {
            Terminal.complain("refused: \(outcome.refused) before 1940 or after 2059")
        }
        guard let range = outcome.range else { return }
        Terminal.complain("from \(range.lowerBound) to \(range.upperBound)")
        if settings.retention > .zero, range.lowerBound < WallClock.now - settings.retention {
            Terminal.complain(
                "warning: what is older than the retention of \(settings.retention) goes with the "
                    + "next look at it; set retention in weir.yml before Weir runs")
        }
    }
}

/// A file or standard input, in pieces of whole lines.
struct BackfillInput: Sendable {
    let path: String
    /// What the input is called from run to run, where it can be resumed.
    let name: String?
    private let descriptor: Int32
    private let size: Int
    private var rest: [UInt8] = []
    private var isAtEnd = false

    private static let pieceSize = 4 << 20

    init(_ path: String, name: String) throws(UsageError) {
        self.path = path
        guard path != "-" else {
            self.name = name.isEmpty ? nil : name
            (descriptor, size) = (0, 0)
            return
        }
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard opened >= 0, unsafe fstat(opened, &status) == 0 else {
            throw UsageError("cannot read \(path): \(unsafe String(cString: strerror(errno)))")
        }
        descriptor = opened
        size = Int(status.st_size)
        self.name =
            name.isEmpty
            ? "\(wholePath(path)) \(size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)" : name
    }

    /// Goes past what was read in an earlier run.
    mutating func skip(_ count: Int) throws(UsageError) {
        if size > 0, lseek(descriptor, count, SEEK_SET) == count { return }
        var left = count
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while left > 0 {
            let got = unsafe read(descriptor, &piece, min(left, piece.count))
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { throw UsageError("\(path) is shorter than it was") }
            left -= got
        }
    }

    /// How far the input is.
    func share(_ bytes: Int) -> String {
        size > 0 ? "\(bytes * 100 / size) %" : "\(bytes >> 20) MiB"
    }

    /// The next lines; `nil` at the end.
    mutating func next() throws(UsageError) -> [UInt8]? {
        while !isAtEnd {
            let before = rest.count
            let wanted = Self.pieceSize
            rest.append(contentsOf: repeatElement(0, count: wanted))
            let got = unsafe rest.withUnsafeMutableBytes { bytes in
                // Safe: there is room for `wanted` bytes behind the first `before`.
                unsafe read(descriptor, bytes.baseAddress.map { unsafe $0 + before }, wanted)
            }
            let reason = errno
            rest.removeLast(wanted - max(0, got))
            if got < 0 {
                if reason == EINTR { continue }
                throw UsageError("cannot read \(path): \(unsafe String(cString: strerror(reason)))")
            }
            isAtEnd = got == 0
            if rest.count < Self.pieceSize / 2, !isAtEnd { continue }
            guard let end = rest.lastIndex(of: 0x0a) else { continue }
            let piece = Array(rest[...end])
            rest.removeSubrange(...end)
            return piece
        }
        guard !rest.isEmpty else { return nil }
        defer { rest = [] }
        return rest + [0x0a]
    }
}
