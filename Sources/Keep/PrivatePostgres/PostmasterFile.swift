/// What a server writes into `postmaster.pid`: a line for each fact.
struct PostmasterFile: Equatable {
    /// The server's process.
    let process: Int32
    /// Where its data are.
    let folder: String
    /// `starting`, `ready`, `stopping`, or empty while the file is being written.
    let status: String

    /// - Returns: `nil` for a file that is not even begun.
    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // A standalone backend writes its number negative.
        guard lines.count >= 2, let number = Int32(lines[0]), number != 0, number != .min else {
            return nil
        }
        process = abs(number)
        folder = String(lines[1])
        status = lines.count > 7 ? String(lines[7].prefix { $0 != " " }) : ""
    }
}
