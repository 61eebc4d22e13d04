import YAML

/// `kubernetes_sd_configs`: objects of Kubernetes.
public struct KubernetesDiscoveryConfig: Sendable, Hashable {
    /// Where the API is; inside the cluster where empty.
    public var apiServer = ""
    /// Which objects become targets.
    public var role = ""
    /// A kubeconfig file in place of all else.
    public var kubeconfigFile = ""
    /// The namespaces that are looked at.
    public var namespaces = KubernetesNamespaces()
    /// What objects must say of themselves.
    public var selectors: [KubernetesSelector] = []
    /// What is told of related objects.
    public var attachMetadata = KubernetesMetadata()
    /// How the API is asked.
    public var http = HTTPClientConfig()

    static let roles = ["pod", "service", "endpoints", "endpointslice", "node", "ingress"]

    static let table = YAMLTable<KubernetesDiscoveryConfig>(
        "kubernetes_sd_config", "Objects of Kubernetes, watched.",
        make: { KubernetesDiscoveryConfig() }, check: check
    ) {
        YAMLField(
            "api_server", \.apiServer, .url(), standard: "the cluster that Weir runs in",
            "Where the API is.")
        YAMLField("role", \.role, .choice(roles), required: true, "Which objects become targets.")
        YAMLField(
            "kubeconfig_file", \.kubeconfigFile, .path, "A kubeconfig file in place of all else.")
        YAMLField(
            "namespaces", \.namespaces, KubernetesNamespaces.table.codec,
            "The namespaces that are looked at.")
        YAMLField(
            "selectors", \.selectors, .list(KubernetesSelector.table.codec),
            "What objects must say of themselves.")
        YAMLField(
            "attach_metadata", \.attachMetadata, KubernetesMetadata.table.codec,
            "What is told of related objects.")
        HTTPClientConfig.table.lifted(to: \KubernetesDiscoveryConfig.http)
    }

    @Sendable private static func check(
        _ value: inout KubernetesDiscoveryConfig, _ block: YAMLBlock,
        _ decoding: inout YAMLDecoding
    ) {
        HTTPClientConfig.check(&value.http, block, &decoding)
        allowOne(["api_server", "kubeconfig_file"], in: block, &decoding)
        let hasOwnHTTP = value.http != HTTPClientConfig()
        if !value.kubeconfigFile.isEmpty, hasOwnHTTP {
            decoding.error(
                "kubeconfig_file and http settings stand together", "keep one of them",
                at: block.mark(of: "kubeconfig_file"))
        } else if value.apiServer.isEmpty, !block.has("api_server"), hasOwnHTTP {
            decoding.error(
                "http settings without api_server", "add api_server, or remove the settings",
                at: block.mark)
        }
        if value.namespaces.ownNamespace, !value.apiServer.isEmpty || !value.kubeconfigFile.isEmpty
        {
            decoding.error(
                "own_namespace works inside the cluster only",
                "remove it, or remove api_server and kubeconfig_file",
                at: block.mark(of: "namespaces"))
        }
        checkSelectors(value, block, &decoding)
    }

    private static let allowed = [
        "pod": ["pod", "node"], "service": ["service"], "node": ["node"], "ingress": ["ingress"],
        "endpoints": ["pod", "service", "endpoints", "node"],
        "endpointslice": ["pod", "service", "endpointslice", "node"],
    ]

    private static func checkSelectors(
        _ value: KubernetesDiscoveryConfig, _ block: YAMLBlock, _ decoding: inout YAMLDecoding
    ) {
        guard case .list(let nodes)? = block["selectors"]?.content else { return }
        var seen: Set<String> = []
        for (selector, node) in zip(value.selectors, nodes) where !selector.role.isEmpty {
            let mark = node["role"]?.mark ?? node.mark
            if !seen.insert(selector.role).inserted {
                decoding.error(
                    "two selectors of the role \(selector.role)", "join them with a comma", at: mark
                )
            }
            guard let roles = allowed[value.role] else { continue }
            var usable = roles
            if !value.attachMetadata.node, value.role != "node" {
                usable.removeAll { $0 == "node" }
            }
            guard !usable.contains(selector.role) else { continue }
            decoding.error(
                "the role \(value.role) has no \(selector.role) selectors",
                "it has \(usable.joined(separator: ", "))", at: mark)
        }
    }
}

/// The namespaces that are looked at.
public struct KubernetesNamespaces: Sendable, Hashable {
    /// Whether Weir's own one is among them.
    public var ownNamespace = false
    /// Their names; all where empty.
    public var names: [String] = []

    static let table = YAMLTable<KubernetesNamespaces>(
        "kubernetes_namespaces", "The namespaces that are looked at.",
        make: { KubernetesNamespaces() }
    ) {
        YAMLField(
            "own_namespace", \.ownNamespace, .boolean, "Looks at the namespace that Weir runs in.")
        YAMLField("names", \.names, .list(.text), standard: "all", "Their names.")
    }
}

/// What objects of one role must say of themselves.
public struct KubernetesSelector: Sendable, Hashable {
    /// The role.
    public var role = ""
    /// A label selector.
    public var label = ""
    /// A field selector.
    public var field = ""

    static let table = YAMLTable<KubernetesSelector>(
        "kubernetes_selector", "What objects of one role must say of themselves.",
        make: { KubernetesSelector() }
    ) {
        YAMLField(
            "role", \.role, .choice(KubernetesDiscoveryConfig.roles), required: true, "The role.")
        YAMLField("label", \.label, .labelSelector, "A label selector.")
        YAMLField("field", \.field, .fieldSelector, "A field selector.")
    }
}

/// What is told of related objects.
public struct KubernetesMetadata: Sendable, Hashable {
    /// The node.
    public var node = false
    /// The namespace.
    public var namespace = false
    /// The deployment.
    public var deployment = false
    /// The job.
    public var job = false
    /// The cron job.
    public var cronjob = false

    static let table = YAMLTable<KubernetesMetadata>(
        "kubernetes_attach_metadata", "What is told of related objects.",
        make: { KubernetesMetadata() }
    ) {
        YAMLField("node", \.node, .boolean, "Labels and annotations of the node.")
        YAMLField("namespace", \.namespace, .boolean, "Labels and annotations of the namespace.")
        YAMLField("deployment", \.deployment, .boolean, "The deployment of a pod.")
        YAMLField("job", \.job, .boolean, "The job of a pod.")
        YAMLField("cronjob", \.cronjob, .boolean, "The cron job of a pod.")
    }
}

extension YAMLCodec where Value == String {
    fileprivate static var fieldSelector: YAMLCodec {
        text("field selector").checked { text, node, decoding in
            for part in text.split(separator: ",") where !part.contains("=") {
                decoding.error(
                    "\"\(part)\" is not a field selector", "write name=value or name!=value",
                    at: node.mark)
            }
        }
    }

    /// Keys with =, ==, !=, in (…), notin (…), or alone, joined by commas.
    fileprivate static var labelSelector: YAMLCodec {
        text("label selector").checked { text, node, decoding in
            guard !isLabelSelector(text) else { return }
            decoding.error(
                "\"\(YAMLComplaint.short(text))\" is not a label selector",
                "write key=value, key!=value, key in (a, b), key or !key, joined by commas",
                at: node.mark)
        }
    }

    private static func isLabelSelector(_ text: String) -> Bool {
        var depth = 0
        var parts: [String] = [""]
        for letter in text {
            if letter == "(" { depth += 1 }
            if letter == ")" { depth -= 1 }
            if depth < 0 { return false }
            if letter == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(letter)
            }
        }
        guard depth == 0 else { return false }
        if parts.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) { return parts.count == 1 }
        return parts.allSatisfy(isRequirement)
    }

    private static func isRequirement(_ text: String) -> Bool {
        func isWord(_ text: some StringProtocol, emptyAllowed: Bool = false) -> Bool {
            (emptyAllowed || !text.isEmpty)
                && text.allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
        }
        let trimmed = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if let open = trimmed.firstIndex(of: "(") {
            let head = trimmed[..<open].split(separator: " ")
            let values = trimmed[trimmed.index(after: open)...].dropLast().split(separator: ",")
            return trimmed.hasSuffix(")") && head.count == 2 && isWord(head[0])
                && ["in", "notin"].contains(head[1])
                && values.allSatisfy { isWord($0.filter { $0 != " " }, emptyAllowed: true) }
        }
        for separator in ["!=", "==", "=", ">", "<"] {
            guard let range = trimmed.firstRange(of: separator) else { continue }
            let key = trimmed[..<range.lowerBound].filter { $0 != " " }
            let value = trimmed[range.upperBound...].filter { $0 != " " }
            return isWord(key) && isWord(value, emptyAllowed: true)
        }
        return isWord(trimmed.hasPrefix("!") ? String(trimmed.dropFirst()) : trimmed)
    }
}
