/// How far a long command is, on standard error: a line every few seconds, and one at the end.
struct Progress {
    private let what: String
    private let began = ContinuousClock.now
    private var shown = ContinuousClock.now

    init(_ what: String) { self.what = what }

    /// Says so, if nothing was said for a while.
    mutating func show(_ count: Int, _ rest: String) {
        guard ContinuousClock.now - shown > .seconds(3) else { return }
        shown = .now
        say(count, rest)
    }

    /// Says what it came to.
    func end(_ count: Int, _ rest: String) { say(count, "\(rest), done") }

    private func say(_ count: Int, _ rest: String) {
        let seconds = max(0.001, (ContinuousClock.now - began) / .seconds(1))
        let speed = Int(Double(count) / seconds)
        Terminal.complain("\(count) \(what), \(rest); \(speed)/s")
    }
}
