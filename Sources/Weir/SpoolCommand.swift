import Model
import Spool

/// `weir spool list` and `weir spool verify`: what waits on disk for the database.
enum SpoolCommand {
    static let list = Command(
        "spool list", "Lists the files in which samples wait for the database.", flags: flags,
        details: "One line a file, the oldest first. It only looks, also while Weir runs."
    ) { invocation in
        let reports = try Spool.look(at: folder(invocation), isThorough: false)
        for report in reports { Terminal.write(line(report) + "\n") }
        if reports.isEmpty { Terminal.write("the spool is empty\n") }
        return .success
    }

    static let verify = Command(
        "spool verify", "Reads the spool whole, and says what of it is damaged.", flags: flags,
        details: """
            The exit code is 1 where something is damaged. A file that Weir is writing may end in \
            the middle of a record; this is said and is no damage.
            """
    ) { invocation in
        let reports = try Spool.look(at: folder(invocation), isThorough: true)
        for report in reports { Terminal.write(line(report) + "\n") }
        let records = reports.reduce(0) { $0 + $1.records }
        let damaged = reports.reduce(0) { $0 + $1.damagedBytes }
        Terminal.write(
            "\(reports.count) files, \(records) whole records, \(damaged) damaged bytes\n")
        return damaged == 0 ? .success : .failure
    }

    private static let flags = [
        Flag(
            "storage.tsdb.path", .text, "FOLDER", standard: "data/", isCommon: true,
            "The data folder, which the spool is in.")
    ]

    private static func folder(_ invocation: Invocation) -> String {
        Keeping.spoolFolder(in: invocation.text("storage.tsdb.path"))
    }

    private static func line(_ report: SegmentReport) -> String {
        var line = "\(report.path)  \(ByteSize(bytes: Int64(report.bytes)))"
        line += "  \(report.records) records"
        if let note = report.note {
            line += "  \(note.samples) samples"
            line += "  \(note.times.lowerBound) to \(note.times.upperBound)"
        }
        if report.damagedBytes > 0 { line += "  \(report.damagedBytes) bytes damaged" }
        if report.tornBytes > 0 { line += "  \(report.tornBytes) bytes torn off" }
        return line
    }
}
