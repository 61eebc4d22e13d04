import Model
import Testing

struct LabelsTests {
    @Test func `labels are sorted by bytes, each name once, without empty values`() {
        let labels = Labels([
            Label("b", "1"), Label("a", "2"), Label("b", "3"), Label("c", ""), Label("B", "4"),
        ])
        #expect(Array(labels) == [Label("B", "4"), Label("a", "2"), Label("b", "3")])
        #expect(labels["b"] == "3")
        #expect(labels["c"] == "")
        #expect(!labels.contains("c"))
    }

    @Test func `texts that look alike but differ in bytes are different labels`() {
        let composed = Labels([Label("name", "\u{e9}")])
        let combined = Labels([Label("name", "e\u{301}")])
        #expect("\u{e9}" == "e\u{301}")
        #expect(composed != combined)
        #expect(composed.stableHash != combined.stableHash)
    }

    @Test func `an emptied label is gone`() {
        var builder = LabelsBuilder(["a": "1", "b": "2"] as Labels)
        builder["a"] = ""
        builder["z"] = ""
        #expect(Labels(builder) == ["b": "2"])
    }

    @Test func `the stable hash never changes`() {
        // It decides when a target is scraped and which replica owns it; see StableHash.
        #expect((["job": "api", "instance": "a:80"] as Labels).stableHash == 0x65c0_4b53_8420_26dc)
        #expect(Labels().stableHash == 0xcbf2_9ce4_8422_2325)
    }

    @Test(
        arguments: [
            ([:], [:], false), ([:], ["a": "1"], true), (["a": "1"], ["a": "2"], true),
            (["a": "2"], ["b": "1"], true), (["a": "1"], ["a": "1", "b": "1"], true),
            (["b": "1"], ["a": "2"], false),
        ] as [(Labels, Labels, Bool)])
    func `label sets sort as Prometheus sorts answers`(left: Labels, right: Labels, less: Bool) {
        #expect((left < right) == less)
    }

    @Test func `labels print with what needs it escaped`() {
        let labels: Labels = ["__name__": "up", "my.label": "a\"b\\c\nd\u{1}"]
        #expect(labels.description == #"{__name__="up", "my.label"="a\"b\\c\nd\x01"}"#)
    }
}
