import Model

/// The objects of a cluster that one configuration looks at, and the groups that follow from them.
///
/// Lists and events go in, changed groups come out. A group is built again when its own object
/// changes, and when one changes that it looked at or looked for: a pod behind endpoints, the
/// service before them, a node, a namespace, a replica set.
struct ClusterStore {
    private let role: ObjectKind
    private let attach: Attachments
    private var objects: [ObjectKey: ClusterObject] = [:]
    /// Which groups were built from an object, or from its absence.
    private var users: [ObjectKey: Set<ObjectKey>] = [:]
    /// What a group was built from.
    private var asked: [ObjectKey: Set<ObjectKey>] = [:]

    /// An empty store whose groups are those of objects of `role`.
    init(role: ObjectKind, attach: Attachments = Attachments()) {
        self.role = role
        self.attach = attach
    }

    /// Takes a whole list of one kind, of one namespace or of all where that is `nil`, and gives
    /// back the objects whose groups are no longer what they were.
    mutating func replace(
        _ kind: ObjectKind, in namespace: String?, with list: [ClusterObject]
    ) -> Set<ObjectKey> {
        var gone: Set<ObjectKey> = []
        for key in objects.keys
        where key.kind == kind && (namespace == nil || key.namespace == namespace) {
            gone.insert(key)
        }
        var changed: Set<ObjectKey> = []
        for object in list {
            gone.remove(object.key)
            changed.formUnion(put(object))
        }
        for key in gone { changed.formUnion(remove(key)) }
        return changed
    }

    /// Takes one object, new or changed.
    mutating func put(_ object: ClusterObject) -> Set<ObjectKey> {
        guard objects[object.key] != object else { return [] }
        objects[object.key] = object
        return touched(by: object.key)
    }

    /// Forgets one object.
    mutating func remove(_ key: ObjectKey) -> Set<ObjectKey> {
        guard objects.removeValue(forKey: key) != nil else { return [] }
        return touched(by: key)
    }

    /// The group of an object as things are; without targets once the object is gone.
    mutating func group(of key: ObjectKey) -> TargetGroup {
        let objects = objects
        var view = ClusterView(attach: attach) { objects[$0] }
        let group = objects[key].map { Self.group(of: $0, &view) }
        note(view.asked, for: key)
        return group ?? TargetGroup(source: key.source, targets: [])
    }

    /// All objects that have a group.
    var keys: [ObjectKey] { objects.keys.filter { $0.kind == role } }

    private func touched(by key: ObjectKey) -> Set<ObjectKey> {
        var touched = users[key] ?? []
        if key.kind == role { touched.insert(key) }
        return touched
    }

    private mutating func note(_ now: Set<ObjectKey>, for key: ObjectKey) {
        let before = asked[key] ?? []
        guard before != now else { return }
        for object in before.subtracting(now) {
            users[object]?.remove(key)
            if users[object]?.isEmpty == true { users[object] = nil }
        }
        for object in now.subtracting(before) { users[object, default: []].insert(key) }
        asked[key] = now.isEmpty ? nil : now
    }

    private static func group(of object: ClusterObject, _ view: inout ClusterView) -> TargetGroup {
        let meta = object.meta
        switch object.content {
        case .node(let node): return NodeTargets.group(meta, node)
        case .service(let service): return ServiceTargets.group(meta, service, &view)
        case .pod(let pod): return PodTargets.group(meta, pod, &view)
        case .endpoints(let subsets): return EndpointsTargets.group(meta, subsets, &view)
        case .endpointSlice(let slice): return EndpointSliceTargets.group(meta, slice, &view)
        case .ingress(let ingress): return IngressTargets.group(meta, ingress, &view)
        case .other: preconditionFailure("BUG: \(object.kind) is no role")
        }
    }
}
