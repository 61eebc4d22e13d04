import Configuration
import Glibc
import TestKit
import Testing
import YAML

struct SettingsDocumentsTests {
    /// With `UPDATE_DOCS=1` the test writes the section anew in place of comparing it.
    @Test func `the documentation has every field as it is`() throws {
        let path = Shared.project + "/docs/configuration.md"
        let text = String(
            decoding: try YAMLReader.bytes(path: path, limit: 1 << 24), as: UTF8.self)
        let begin = try #require(text.firstRange(of: "<!-- weir.yml: made from the code -->\n"))
        let end = try #require(text.firstRange(of: "<!-- weir.yml: end -->\n"))
        if getenv("UPDATE_DOCS") != nil {
            let new = text[..<begin.upperBound] + Settings.reference + text[end.lowerBound...]
            let file = try #require(fopen(path, "w"))
            fputs(String(new), file)
            fclose(file)
        } else {
            #expect(text[begin.upperBound..<end.lowerBound] == Settings.reference)
        }
    }

    @Test func `the schema is JSON and knows every field`() throws {
        // JSON is YAML too.
        let document = try YAMLReader.read(Array(Settings.jsonSchema.utf8), file: "schema")
        let properties = try #require(document.root?["properties"])
        for field in Settings.table.shape.fields { #expect(properties[field.name] != nil) }
        #expect(document.root?["$defs"]?["retention_rule"]?["required"] != nil)
    }

    @Test func `what is printed reads as the same again`() throws {
        let printed = Settings().yaml
        let document = try YAMLReader.read(Array(printed.utf8), file: "printed")
        let settings = try #require(SettingsReading(document: document).settings)
        #expect(settings.yaml == printed)
    }
}
