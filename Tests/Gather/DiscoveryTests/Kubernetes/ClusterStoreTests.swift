import Model
import Testing

@testable import Discovery

struct ClusterStoreTests {
    private static func endpoints(_ name: String, pod: String) -> String {
        """
        {"metadata": {"name": "\(name)", "namespace": "shop"}, "subsets": [{"addresses":
         [{"ip": "10.2.0.7", "nodeName": "n1",
           "targetRef": {"kind": "Pod", "namespace": "shop", "name": "\(pod)"}}],
         "ports": [{"port": 8080, "protocol": "TCP"}]}]}
        """
    }

    private static func object(_ kind: ObjectKind, _ text: String) throws -> ClusterObject {
        ClusterObject(kind, try json(text))
    }

    private static func filled() throws -> ClusterStore {
        var store = ClusterStore(role: .endpoints, attach: Attachments(node: true, namespace: true))
        let list = try ["till", "stock"].map {
            try object(.endpoints, endpoints($0, pod: "\($0)-0"))
        }
        let changed = store.replace(.endpoints, in: nil, with: list)
        #expect(Set(changed.map(\.name)) == ["till", "stock"])
        for key in changed { _ = store.group(of: key) }
        return store
    }

    @Test(arguments: [
        (ObjectKind.pod, Objects.pod("till-0"), ["till"]),
        (.pod, Objects.pod("other"), []),
        (.service, #"{"metadata": {"name": "stock", "namespace": "shop"}}"#, ["stock"]),
        (.service, #"{"metadata": {"name": "stock", "namespace": "other"}}"#, []),
        (.node, #"{"metadata": {"name": "n1"}}"#, ["stock", "till"]),
        (.node, #"{"metadata": {"name": "n2"}}"#, []),
        (.namespace, #"{"metadata": {"name": "shop"}}"#, ["stock", "till"]),
    ])
    func `an object that comes, and goes, changes the groups that looked for it`(
        kind: ObjectKind, text: String, expected: [String]
    ) throws {
        var store = try Self.filled()
        let object = try Self.object(kind, text)
        #expect(store.put(object).map(\.name).sorted() == expected)
        #expect(store.put(object) == [], "what is the same changes nothing")
        #expect(store.remove(object.key).map(\.name).sorted() == expected)
        #expect(store.remove(object.key) == [])
    }

    @Test func `a new list forgets what it does not hold, in its namespace only`() throws {
        var store = ClusterStore(role: .pod)
        let other = #"{"metadata": {"name": "x", "namespace": "other"}}"#
        _ = store.replace(.pod, in: "other", with: [try Self.object(.pod, other)])
        _ = store.replace(
            .pod, in: "shop",
            with: [
                try Self.object(.pod, Objects.pod("a")), try Self.object(.pod, Objects.pod("b")),
            ])
        let changed = store.replace(
            .pod, in: "shop",
            with: [
                try Self.object(.pod, Objects.pod("b")), try Self.object(.pod, Objects.pod("c")),
            ])
        #expect(changed.map(\.source).sorted() == ["pod/shop/a", "pod/shop/c"])
        let gone = try #require(changed.first { $0.name == "a" })
        #expect(store.group(of: gone) == TargetGroup(source: "pod/shop/a", targets: []))
        #expect(Set(store.keys.map(\.name)) == ["b", "c", "x"])
    }

    @Test func `a group that points elsewhere no longer follows what it left`() throws {
        var store = try Self.filled()
        let moved = try Self.object(.endpoints, Self.endpoints("till", pod: "till-1"))
        for key in store.put(moved) { _ = store.group(of: key) }
        #expect(store.put(try Self.object(.pod, Objects.pod("till-0"))) == [])
        let touched = store.put(try Self.object(.pod, Objects.pod("till-1")))
        #expect(touched.map(\.name) == ["till"])
    }
}
