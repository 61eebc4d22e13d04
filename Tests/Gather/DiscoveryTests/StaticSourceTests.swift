import Model
import Testing

@testable import Discovery

struct StaticSourceTests {
    @Test func `each block of static_configs is a group`() async throws {
        let source = try Configured.source(
            """
            static_configs:
              - targets: [a:1, b:2]
                labels: {zone: x}
              - targets: [c:3]
            """)
        try await source.recorded { recorder in
            let isThere = try await recorder.wait { !$0.groups.isEmpty }
            #expect(isThere)
            #expect(
                recorder.groups == [
                    TargetGroup(
                        source: "0", targets: [["__address__": "a:1"], ["__address__": "b:2"]],
                        labels: ["zone": "x"]),
                    TargetGroup(source: "1", targets: [["__address__": "c:3"]]),
                ])
        }
    }
}
