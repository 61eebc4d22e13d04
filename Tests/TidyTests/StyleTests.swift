import Testing

/// What the style forbids everywhere; each failure names the remedy.
struct StyleTests {
    private let lines = SourceTree.sources

    @Test func `nothing stops the program but a broken invariant`() {
        for line in lines {
            let code = line.code
            #expect(!code.contains("try!"), "\(line): handle the error, or pass it on")
            #expect(!code.contains("fatalError("), "\(line): preconditionFailure(\"BUG: …\")")
        }
    }

    @Test func `only commands write to the terminal`() {
        for line in lines where !line.file.hasPrefix("Sources/Weir/") {
            #expect(
                line.code.firstMatch(of: /\bprint\(/) == nil, "\(line): give it back, or log it")
        }
    }

    @Test func `no pointer stands in a public signature`() {
        for line in lines where line.code.contains("public ") {
            #expect(!line.code.contains("OpaquePointer"), "\(line): wrap it in an owner")
            guard !line.file.hasPrefix("Sources/Bridges/"), line.code.contains("Unsafe") else {
                continue
            }
            #expect(
                line.code.firstMatch(of: /Unsafe\w*Pointer/) == nil, "\(line): take a Span or bytes"
            )
        }
    }

    @Test func `what the compiler cannot check says why it is safe`() {
        for line in lines {
            let code = line.code
            guard code.contains("@unchecked Sendable") || code.contains("nonisolated(unsafe)")
            else {
                continue
            }
            #expect(hasReason(line), "\(line): a comment `// Safe: …` above it")
        }
    }

    @Test func `no try? without a word on what is lost`() {
        for line in lines where line.code.firstMatch(of: /\btry\?/) != nil {
            let file = SourceTree.lines(of: line.file)
            let before = file[max(0, line.number - 4)..<line.number]
            #expect(
                before.contains { $0.text.contains("//") }, "\(line): a comment on what is lost")
        }
    }

    @Test func `nothing is handed on by a task's own values`() {
        // Pushed from a task that began at once, one has ended the optimized program.
        for line in lines { #expect(!line.code.contains("@TaskLocal"), "\(line)") }
    }

    @Test func `the project speaks of itself alone`() {
        let words = ["/work" + "/", "/root" + "/", "/home" + "/"]
        let files = ["Sources", "Tests", "Benchmarks", "scripts"].flatMap(SourceTree.files(below:))
        for file in files + ["Package.swift", "README.md", "Makefile", "CHANGELOG.md"] {
            for line in SourceTree.lines(of: file) {
                for word in words { #expect(!line.text.contains(word), "\(line)") }
            }
        }
    }

    private func declaresPrint(_ file: String) -> Bool {
        lines.contains {
            $0.file == file && $0.code.firstMatch(of: /(func print\(|let print:)/) != nil
        }
    }

    /// Whether the comment above a declaration gives a reason, with its documentation between.
    private func hasReason(_ line: SourceLine) -> Bool {
        let file = SourceTree.lines(of: line.file)
        var number = line.number - 2
        while number >= 0 {
            let text = file[number].text.drop { $0 == " " }
            if text.hasPrefix("// Safe") { return true }
            guard text.hasPrefix("//") || text.hasPrefix("@") else { return false }
            number -= 1
        }
        return false
    }
}
