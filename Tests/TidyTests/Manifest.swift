/// What Package.swift says of the modules, read from its text.
struct Manifest {
    /// One module: where it lies and what it uses.
    struct Module {
        let name: String
        /// `Bridges`, `Core` …; the program itself lies in `Weir`.
        let layer: String
        /// Names in the order in which they stand.
        let uses: [String]

        var folder: String {
            layer == "Weir" ? "Sources/Weir" : "Sources/\(layer)/\(name)"
        }
    }

    /// C modules first, then all others, in the order in which they are declared.
    let modules: [Module]

    init() {
        let text = SourceTree.text(of: "Package.swift")
        var modules: [Module] = []
        for match in text.matches(of: /library\("(C\w+)"/) {
            modules.append(Module(name: String(match.1), layer: "Bridges", uses: []))
        }
        modules.append(Module(name: "CRE2", layer: "Bridges", uses: []))
        let call = /module\(\s*"(\w+)", in: "(\w+)"(?:,\s*uses:\s*((?:"\w+",?\s*)+))?/
        for match in text.matches(of: call) {
            modules.append(
                Module(
                    name: String(match.1), layer: String(match.2), uses: Self.names(in: match.3)))
        }
        let program = /name: "Weir",\s*dependencies: \[((?:\s*"\w+",?)+)\s*\]/
        if let match = text.firstMatch(of: program) {
            modules.append(Module(name: "Weir", layer: "Weir", uses: Self.names(in: match.1)))
        }
        self.modules = modules
    }

    private static func names(in text: Substring?) -> [String] {
        (text ?? "").matches(of: /"(\w+)"/).map { String($0.1) }
    }
}
