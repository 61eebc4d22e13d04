/// What a group is built from: looks objects up, and remembers which were asked for.
///
/// An object that is not there is remembered too, so that its coming changes the group.
struct ClusterView {
    private let find: (ObjectKey) -> ClusterObject?
    /// What is told of related objects.
    let attach: Attachments
    /// All that was asked for, found or not.
    private(set) var asked: Set<ObjectKey> = []

    init(attach: Attachments = Attachments(), find: @escaping (ObjectKey) -> ClusterObject?) {
        self.attach = attach
        self.find = find
    }

    /// The object, if it is there.
    mutating func object(_ key: ObjectKey) -> ClusterObject? {
        asked.insert(key)
        return find(key)
    }
}

/// `attach_metadata`: which related objects are told of.
struct Attachments: Hashable, Sendable {
    var node = false
    var namespace = false
    var deployment = false
    var job = false
    var cronJob = false
}

extension MetaLabels {
    /// Labels of Kubernetes.
    static var kubernetes: MetaLabels { MetaLabels("kubernetes_") }

    /// Name, labels and annotations of an object, under the name of its kind.
    mutating func setAll(of meta: ObjectMeta, as kind: ObjectKind) {
        set(kind.rawValue + "_name", meta.name)
        setPairs(of: meta, as: kind)
    }

    private mutating func setPairs(of meta: ObjectMeta, as kind: ObjectKind) {
        let kind = kind.rawValue
        set(kind + "_label_", each: meta.labels, presence: kind + "_labelpresent_")
        set(kind + "_annotation_", each: meta.annotations, presence: kind + "_annotationpresent_")
    }

    /// What the node of this name says of itself, where that is asked for.
    mutating func attachNode(_ name: String, _ view: inout ClusterView) {
        guard view.attach.node, !name.isEmpty,
            let node = view.object(ObjectKey(.node, "", name))
        else { return }
        setAll(of: node.meta, as: .node)
    }

    /// What the namespace of this name says of itself, where that is asked for.
    mutating func attachNamespace(_ name: String, _ view: inout ClusterView) {
        guard view.attach.namespace, let namespace = view.object(ObjectKey(.namespace, "", name))
        else { return }
        setPairs(of: namespace.meta, as: .namespace)
    }
}
