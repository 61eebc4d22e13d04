import Configuration
import Glibc
import HTTPFetch
import Threads
import YAML

/// How the API of a cluster is reached.
struct ClusterAccess: Sendable {
    /// Where it is.
    var server: HTTPAddress
    /// Credentials and trust.
    var options: HTTPClientOptions
    /// The namespace that Weir runs in, where that was asked for.
    var ownNamespace: String?
}

/// What a process in a pod finds around itself.
struct PodSurroundings: Sendable {
    /// The value of an environment variable.
    var variable: @Sendable (String) -> String? = { name in
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
    /// Where the service account's token, authority and namespace lie.
    var folder = "/var/run/secrets/kubernetes.io/serviceaccount"
}

/// Finds out how a cluster is reached, and reads the files that say so, off the cooperative pool.
actor ClusterAccessFinder {
    private let thread = ThreadExecutor(name: "weir-kubeconfig")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    private let config: KubernetesDiscoveryConfig
    private let pod: PodSurroundings

    init(_ config: KubernetesDiscoveryConfig, in pod: PodSurroundings) {
        self.config = config
        self.pod = pod
    }

    /// By the kubeconfig file, by `api_server`, or as a pod of the cluster.
    func access() throws -> ClusterAccess {
        if !config.kubeconfigFile.isEmpty {
            return try Kubeconfig(YAMLReader.read(path: config.kubeconfigFile)).access()
        }
        if !config.apiServer.isEmpty {
            return try ClusterAccess(
                server: HTTPAddress(config.apiServer), options: config.http.options())
        }
        return try inCluster()
    }

    /// The service account of Weir's own pod; its token's file is read again at each use, since it
    /// is replaced every hour.
    private func inCluster() throws -> ClusterAccess {
        guard let host = pod.variable("KUBERNETES_SERVICE_HOST"), !host.isEmpty,
            let text = pod.variable("KUBERNETES_SERVICE_PORT"), let port = Int(text)
        else {
            throw DiscoveryError.badSettings(
                reason: "Weir does not run in a cluster: KUBERNETES_SERVICE_HOST and "
                    + "KUBERNETES_SERVICE_PORT are not set; add api_server or kubeconfig_file")
        }
        var options = HTTPClientOptions()
        options.authorization = .bearer(.file(pod.folder + "/token"))
        options.tls.authorities = .file(pod.folder + "/ca.crt")
        return try ClusterAccess(
            server: HTTPAddress("https://" + hostAndPort(host, port)), options: options,
            ownNamespace: config.namespaces.ownNamespace ? ownNamespace() : nil)
    }

    private func ownNamespace() throws -> String {
        let path = pod.folder + "/namespace"
        let bytes = try YAMLReader.bytes(path: path, limit: 4096)
        let name = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard !name.isEmpty else {
            throw DiscoveryError.unreadable(path: path, reason: "it is empty")
        }
        return name
    }
}
