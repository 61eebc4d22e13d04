import Model
import Relabeling
import Testing

struct RelabelTraceTests {
    private func relabeler() throws -> Relabeler {
        var copy = RelabelRule.Draft()
        copy.sourceLabels = ["__address__"]
        copy.regex = "(.+):\\d+"
        copy.targetLabel = "host"
        var nothing = RelabelRule.Draft(.labelDrop)
        nothing.regex = "none"
        var drop = RelabelRule.Draft(.drop)
        drop.sourceLabels = ["env"]
        drop.regex = "test"
        return Relabeler(try [copy, nothing, drop].map { try RelabelRule($0) })
    }

    @Test func `a trace says what each rule read and did`() throws {
        let trace = try relabeler().trace(["__address__": "db:9100", "env": "prod", "host": "x"])
        #expect(trace.droppedBy == nil)
        #expect(
            trace.description == """
                   {__address__="db:9100", env="prod", host="x"}
                1  {source_labels: [__address__], regex: "(.+):\\\\d+", target_label: host, \
                action: replace}
                   reads "db:9100"
                   ~ host="x" -> "db"
                2  {regex: "none", action: labeldrop}
                   nothing changes
                3  {source_labels: [env], regex: "test", action: drop}
                   reads "prod"
                   nothing changes
                =  {__address__="db:9100", env="prod", host="db"}
                """)
    }

    @Test func `a dropped label set names the rule that dropped it`() throws {
        let trace = try relabeler().trace(["env": "test"])
        #expect(trace.droppedBy == 2)
        #expect(trace.output == nil)
        #expect(trace.entries.count == 3)
        #expect(trace.description.hasSuffix("   drops the label set\n=  dropped by rule 3"))
    }

    @Test func `changes tell what came, changed and went`() throws {
        var map = RelabelRule.Draft(.labelKeep)
        map.regex = "b"
        let trace = Relabeler([try RelabelRule(map)]).trace(["a": "1", "b": "2"])
        #expect(trace.entries[0].changes.map(\.name) == ["a"])
        #expect(trace.entries[0].changes[0].old == "1")
        #expect(trace.entries[0].changes[0].new == "")
    }
}
