import Glibc
import TestKit
import Testing
import YAML

@testable import Configuration

struct ReferenceTests {
    private static let begin = "<!-- prometheus.yml: made from the code -->\n"
    private static let end = "<!-- prometheus.yml: end -->"

    @Test func `the page of every field says what the code does`() throws {
        let path = Shared.project + "/docs/configuration.md"
        let page = try #require(FileSystem.text(of: path))
        let before = try #require(page.firstRange(of: Self.begin))
        let after = try #require(page.firstRange(of: Self.end))
        let written = page[before.upperBound..<after.lowerBound]
        let expected = YAMLReference.markdown(WeirConfig.shape, level: 4)
        if getenv("UPDATE_DOCS") != nil {
            try write(page[..<before.upperBound] + expected + page[after.lowerBound...], to: path)
        } else {
            #expect(
                written == expected,
                "UPDATE_DOCS=1 swift test --filter ReferenceTests writes it anew")
        }
    }

    private func write(_ text: some StringProtocol, to path: String) throws {
        let file = open(path, O_WRONLY | O_TRUNC)
        guard file >= 0 else { throw SystemError("open", path: path) }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw SystemError("write", path: path) }
            rest = rest.dropFirst(count)
        }
    }

    @Test func `every field has a sentence, and every block its name once`() {
        var shapes: [String: [String]] = [:]
        func walk(_ kind: YAMLKind) {
            switch kind {
            case .block(let shape): walk(shape)
            case .list(let kind), .map(let kind): walk(kind)
            default: break
            }
        }
        func walk(_ shape: YAMLShape) {
            let names = shape.fields.map(\.name)
            if let known = shapes[shape.name] {
                #expect(known == names, "\(shape.name) names two blocks")
                return
            }
            shapes[shape.name] = names
            #expect(Set(names).count == names.count, "\(shape.name) has a field twice")
            for field in shape.fields {
                #expect(field.summary.hasSuffix("."), "\(shape.name).\(field.name)")
                walk(field.kind)
            }
        }
        walk(WeirConfig.shape)
        #expect(shapes.count > 60)
    }

    @Test func `Prometheus's 33 kinds of discovery and one of our own are known`() {
        let names = DiscoveryConfig.table.shape.fields.map(\.name)
        #expect(names.count == 34)
        #expect(names.filter { $0.hasSuffix("_sd_configs") }.count == 33)
        for kind in DiscoveryConfig.kinds { #expect(names.contains(kind)) }
    }

    @Test func `the schema is JSON that names every block`() async throws {
        let folder = try TemporaryFolder("schema")
        let path = try folder.write(
            YAMLSchema.json(WeirConfig.shape, title: "prometheus.yml"), to: "s.json")
        // YAML holds all of JSON.
        let root = try #require(try YAMLReader.read(path: path).root)
        #expect(root["properties"]?["scrape_configs"] != nil)
        #expect(root["$defs"]?["kubernetes_sd_config"]?["properties"]?["role"] != nil)
    }
}
