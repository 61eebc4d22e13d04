import Testing

/// The arrows of the manifest, of the imports and of docs/architecture.md are the same.
struct ArrowTests {
    private let modules = Manifest().modules

    @Test func `the manifest can be read`() {
        #expect(modules.contains { $0.name == "Model" && $0.uses == ["RE2"] })
        #expect(modules.last?.name == "Weir")
        #expect(modules.last?.uses.isEmpty == false)
    }

    @Test func `a module imports just what the manifest declares for it`() {
        let names = Set(modules.map(\.name))
        for module in modules
        where !module.name.hasPrefix("C") || module.name.count < 3 || module.uses.count > 0 {
            let lines = SourceTree.lines(below: module.folder)
            let imports = lines.compactMap { imported(by: $0) }.filter(names.contains)
            #expect(
                Set(imports) == Set(module.uses),
                "\(module.name): make `uses:` in Package.swift say what its files import")
        }
    }

    @Test func `an arrow points up the list, never down`() {
        for (index, module) in modules.enumerated() {
            let above = Set(modules[..<index].map(\.name))
            for used in module.uses where !above.contains(used) {
                Issue.record("\(module.name) uses \(used), which is declared below it")
            }
        }
    }

    @Test func `a layer uses only layers that sort before it`() {
        let layers = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0.layer) })
        for module in modules {
            for used in module.uses {
                let layer = layers[used] ?? "?"
                #expect(layer <= module.layer, "\(module.name) in \(module.layer) uses \(used)")
            }
        }
    }

    @Test func `gather, keep and query do not know each other`() {
        let pillars = ["Gather", "Keep", "Query"]
        let layers = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0.layer) })
        for module in modules where pillars.contains(module.layer) {
            for used in module.uses {
                let layer = layers[used] ?? "?"
                #expect(
                    layer == module.layer || !pillars.contains(layer), "\(module.name) → \(used)")
            }
        }
    }

    @Test func `the table in the documentation holds the same arrows`() {
        let text = SourceTree.text(of: "docs/architecture.md")
        let rows = text.matches(of: /\| (\w+) \/ \*\*(\w+)\*\* \| ([^|]*) \|/)
        let documented = Dictionary(
            uniqueKeysWithValues: rows.map { row in
                let uses = row.3.matches(of: /\w+/).map { String($0.0) }
                return ("\(row.1)/\(row.2)", uses.filter { $0 != "nothing" })
            })
        let swift = modules.filter { module in !isC(module.name) }
        for module in swift {
            let uses = module.uses.isEmpty ? "nothing" : module.uses.joined(separator: ", ")
            #expect(
                documented["\(module.layer)/\(module.name)"]?.sorted() == module.uses.sorted(),
                "docs/architecture.md needs: | \(module.layer) / **\(module.name)** | \(uses) |")
        }
        #expect(documented.count == swift.count)
    }

    @Test func `a C library is imported by bridges only`() {
        for line in SourceTree.sources where !line.file.hasPrefix("Sources/Bridges") {
            guard let name = imported(by: line) else { continue }
            #expect(!isC(name), "\(line): take it through a bridge")
        }
    }

    @Test func `every module has a front page and tests`() {
        let lines = SourceTree.text(of: "Package.swift")
            .matches(of: /test\(\s*"(\w+)", in:/)
        let names = Set(lines.map { String($0.1) } + ["Weir"])
        for module in modules where !isC(module.name) {
            let page = module.name == "Weir" ? "Main" : module.name
            let first = SourceTree.lines(of: "\(module.folder)/\(page).swift").first?.text ?? ""
            #expect(
                module.name == "Weir" || first.hasPrefix("// \(module.name): "),
                "\(module.folder)/\(page).swift opens with `// \(module.name): what it is`")
            #expect(
                names.contains(module.name),
                "\(module.name) has no line in tests() of Package.swift")
        }
    }

    private func isC(_ name: String) -> Bool {
        name.hasPrefix("C") && name.dropFirst().first?.isUppercase == true
    }

    private func imported(by line: SourceLine) -> String? {
        guard line.text.contains("import ") else { return nil }
        guard let match = line.text.wholeMatch(of: /(?:public |@testable )?import (\w+)/) else {
            return nil
        }
        return String(match.1)
    }
}
