import Head
import Postgres

/// Chunks as they come from the server, decoded where they lie.
extension ChunkLine {
    /// Writes what a row's chunk says from `tick` on into `values`; the columns are named by number.
    static func decode(
        _ rows: borrowing PostgresResult, _ row: Int, base: Int, slope: Int, bytes: Int,
        exact: Int, from tick: Int, into values: inout [Double], _ target: Range<Int>
    ) throws(PostgresError) {
        guard !target.isEmpty else { return }
        if !rows.isNull(row, exact) {
            var all: [Double] = []
            _ = try rows.append(row, exact, to: &all, missing: Absent.value)
            guard tick + target.count <= all.count else { throw .malformed(what: "a chunk") }
            values.replaceSubrange(target, with: all[tick..<tick + target.count])
            return
        }
        let line = ChunkLine(
            base: try rows.double(row, base) ?? 0, slope: try rows.double(row, slope) ?? 0)
        var span = values.mutableSpan
        var output = span._mutatingExtracting(target)
        guard !rows.isNull(row, bytes) else { return line.fill(&output, from: tick) }
        let isWhole = try rows.withBytes(row, bytes) { raw in
            line.decode(raw, into: &output, from: tick)
        }
        guard isWhole == true else { throw .malformed(what: "a chunk") }
    }

    /// The instants of a window, in milliseconds: columns base, slope, two others, bytes.
    static func instants(
        _ rows: borrowing PostgresResult, _ row: Int
    ) throws(PostgresError) -> [Int64] {
        let line = ChunkLine(
            base: try rows.double(row, 0) ?? 0, slope: try rows.double(row, 1) ?? 0)
        let values = try rows.withBytes(row, 4) { bytes throws(PostgresError) in
            var values = Array(repeating: 0.0, count: ChunkLine.reach(of: bytes))
            var output = values.mutableSpan
            guard line.decode(bytes, into: &output, from: 0) else {
                throw .malformed(what: "the instants of a window")
            }
            return values
        }
        return (values ?? []).map { Int64($0) }
    }
}
