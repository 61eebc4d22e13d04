import Configuration
import HTTPFetch
import Model
import Telemetry
import TestKit
import Testing

@testable import Discovery

struct KubernetesSourceTests {
    private static let pods = "/api/v1/pods"
    private static let quick = RetryPace(from: .milliseconds(1), to: .milliseconds(4))

    /// A source for the fields of `yaml`, asking `cluster`.
    private func source(
        _ cluster: FakeCluster, _ yaml: String, registry: MetricRegistry = MetricRegistry()
    ) throws -> KubernetesSource {
        let job = try Configured.job(
            "kubernetes_sd_configs:\n- {api_server: \"\(cluster.url)\", \(yaml)}")
        return KubernetesSource(
            job.discovery.kubernetes[0], Configured.surroundings(registry: registry),
            pace: Self.quick)
    }

    private static func pod(_ name: String, ip: String = "10.2.0.7", version: Int = 1) -> String {
        Objects.pod(name, ip: ip, more: #", "resourceVersion": "\#(version)""#)
    }

    private static func sources(_ recorder: Recorder) -> [String] { recorder.groups.map(\.source) }

    @Test func `a list in pages comes as a whole, and a watch adds, changes and removes`()
        async throws
    {
        let cluster = try FakeCluster()
        cluster.set(Self.pods, pages: [Self.pod("a")], [Self.pod("b")], [Self.pod("c")])
        try await source(cluster, "role: pod").recorded { recorder in
            let isListed = try await recorder.wait { $0.groups.count == 3 }
            #expect(isListed)
            #expect(
                recorder.all.first.map { if case .replaced = $0 { true } else { false } } == true)
            cluster.say("ADDED", Self.pod("d", version: 11), to: Self.pods)
            cluster.say("MODIFIED", Self.pod("a", ip: "10.2.0.9", version: 12), to: Self.pods)
            cluster.say("DELETED", Self.pod("b", version: 13), to: Self.pods)
            let isFollowed = try await recorder.wait {
                Self.sources($0) == ["pod/shop/a", "pod/shop/c", "pod/shop/d"]
            }
            #expect(isFollowed)
            #expect(recorder.groups[0].targets[0]["__address__"] == "10.2.0.9:8080")
            #expect(recorder.failures == [])
        }
        let asked = cluster.requests
        #expect(asked.contains("/api/v1/pods?limit=500&continue=page-2"))
        let watch = try #require(asked.first { $0.contains("watch=1") })
        #expect(
            watch.hasPrefix("/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=10&"))
    }

    @Test func `a watch that the server ends goes on where it was, bookmarks counted`()
        async throws
    {
        let cluster = try FakeCluster()
        cluster.set(Self.pods, pages: [Self.pod("a")])
        try await source(cluster, "role: pod").recorded { recorder in
            cluster.say("ADDED", Self.pod("b", version: 11), to: Self.pods)
            cluster.say("BOOKMARK", #"{"metadata": {"resourceVersion": "44"}}"#, to: Self.pods)
            cluster.end(Self.pods)
            cluster.say("ADDED", Self.pod("c", version: 45), to: Self.pods)
            let isFollowed = try await recorder.wait { $0.groups.count == 3 }
            #expect(isFollowed)
            #expect(recorder.failures == [])
        }
        #expect(cluster.requests.filter { !$0.contains("watch=1") }.count == 1, "listed once")
        #expect(cluster.requests.contains { $0.contains("resourceVersion=44&") })
    }

    @Test func `a connection that breaks loses no target and no event`() async throws {
        let cluster = try FakeCluster()
        cluster.set(Self.pods, pages: [Self.pod("a")])
        try await source(cluster, "role: pod").recorded { recorder in
            cluster.say("ADDED", Self.pod("b", version: 11), to: Self.pods)
            cluster.cut(Self.pods)
            cluster.say("ADDED", Self.pod("c", version: 12), to: Self.pods)
            let isFollowed = try await recorder.wait { $0.groups.count == 3 }
            #expect(isFollowed)
            let reason = try #require(recorder.failures.first)
            #expect(reason.contains("the connection ended before the answer was complete"))
            #expect(
                !recorder.all.contains {
                    $0 == .updated(TargetGroup(source: "pod/shop/a", targets: []))
                })
        }
        #expect(cluster.requests.filter { !$0.contains("watch=1") }.count == 1, "listed once")
        #expect(cluster.requests.contains { $0.contains("resourceVersion=11&") })
    }

    @Test(arguments: ["event", "status"])
    func `a version that the server has forgotten makes it list again`(how: String) async throws {
        let cluster = try FakeCluster()
        let registry = MetricRegistry()
        cluster.set(Self.pods, pages: [Self.pod("a"), Self.pod("b")])
        let gone = #"{"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}"#
        try await source(cluster, "role: pod", registry: registry).recorded { recorder in
            let isListed = try await recorder.wait { $0.groups.count == 2 }
            #expect(isListed)
            cluster.set(Self.pods, version: "90", pages: [Self.pod("b"), Self.pod("c")])
            if how == "event" {
                cluster.say("ERROR", gone, to: Self.pods)
            } else {
                cluster.refuseWatch(Self.pods, .json(gone, status: 410))
                cluster.end(Self.pods)
            }
            let isRelisted = try await recorder.wait {
                Self.sources($0) == ["pod/shop/b", "pod/shop/c"]
            }
            #expect(isRelisted)
            #expect(recorder.failures == [], "to list again is no failure")
            let isWatched = try await eventually {
                cluster.requests.contains { $0.contains("resourceVersion=90&") }
            }
            #expect(isWatched)
        }
        let relists = registry.snapshot().first { $0.name == "weir_sd_kubernetes_relists" }
        #expect(relists?.lines.map(\.value) == [1])
    }

    @Test func `a server that fails keeps what was found, and its words are the reason`()
        async throws
    {
        let cluster = try FakeCluster()
        cluster.set(Self.pods, pages: [Self.pod("a")])
        try await source(cluster, "role: pod").recorded { recorder in
            let isListed = try await recorder.wait { $0.groups.count == 1 }
            #expect(isListed)
            let forbidden = #"{"kind": "Status", "message": "pods is forbidden: no right to list"}"#
            cluster.refuse(Self.pods, .json(forbidden, status: 403))
            cluster.refuseWatch(Self.pods, .json(forbidden, status: 403))
            cluster.end(Self.pods)
            let hasFailed = try await recorder.wait { $0.failures.count >= 2 }
            #expect(hasFailed)
            let reason = try #require(recorder.failures.last)
            #expect(reason.hasPrefix("\(cluster.url)/api/v1/pods"))
            #expect(reason.hasSuffix("403 Word: pods is forbidden: no right to list"))
            #expect(Self.sources(recorder) == ["pod/shop/a"])
            cluster.set(Self.pods, pages: [Self.pod("b")])
            let hasRecovered = try await recorder.wait { Self.sources($0) == ["pod/shop/b"] }
            #expect(hasRecovered)
        }
    }

    @Test(arguments: [
        (#"{"items": 7}"#, "this is no list of pods"), ("nonsense", "this is no JSON"),
        ("[]", "this is no list of pods"),
    ])
    func `an answer that is no list is a failure`(body: String, reason: String) async throws {
        let cluster = try FakeCluster()
        cluster.refuse(Self.pods, .json(body))
        try await source(cluster, "role: pod").recorded { recorder in
            let hasFailed = try await recorder.wait { !$0.failures.isEmpty }
            #expect(hasFailed)
            #expect(recorder.failures.first?.contains(reason) == true, "\(recorder.failures)")
        }
    }

    @Test func `only the namespaces asked for are looked at, each by its own list`() async throws {
        let cluster = try FakeCluster()
        for name in ["shop", "bank"] {
            cluster.set(
                "/api/v1/namespaces/\(name)/services",
                pages: [
                    #"{"metadata": {"name": "s", "namespace": "\#(name)"}, "spec": {"ports": [{"port": 1}]}}"#
                ])
        }
        let yaml = """
            role: service, namespaces: {names: [shop, bank]},
            selectors: [{role: service, label: "app in (a, b)", field: "metadata.name=s"}]
            """.split(separator: "\n").joined(separator: " ")
        try await source(cluster, yaml).recorded { recorder in
            let isListed = try await recorder.wait {
                Self.sources($0) == ["svc/bank/s", "svc/shop/s"]
            }
            #expect(isListed)
        }
        #expect(
            cluster.requests.contains(
                "/api/v1/namespaces/bank/services?labelSelector=app%20in%20%28a%2C%20b%29"
                    + "&fieldSelector=metadata.name%3Ds&limit=500"))
    }

    @Test func `endpoints wait for the lists they need, and follow pods, services and nodes`()
        async throws
    {
        let cluster = try FakeCluster()
        cluster.set(
            "/api/v1/endpoints",
            pages: [
                """
                {"metadata": {"name": "till", "namespace": "shop"}, "subsets": [{"addresses":
                 [{"ip": "10.2.0.7", "nodeName": "n1",
                   "targetRef": {"kind": "Pod", "namespace": "shop", "name": "a"}}],
                 "ports": [{"port": 8080, "protocol": "TCP"}]}]}
                """
            ])
        cluster.set("/api/v1/services", pages: [])
        cluster.set("/api/v1/nodes", pages: [])
        try await source(cluster, "role: endpoints, attach_metadata: {node: true}").recorded {
            recorder in
            // The list of pods is still refused.
            let hasFailed = try await recorder.wait { $0.failures.count >= 2 }
            #expect(hasFailed)
            #expect(recorder.groups == [])
            cluster.set(Self.pods, pages: [])
            let isListed = try await recorder.wait { $0.groups.count == 1 }
            #expect(isListed)
            #expect(recorder.groups[0].targets[0]["__meta_kubernetes_pod_name"] == "")
            cluster.say("ADDED", Self.pod("a", version: 11), to: Self.pods)
            cluster.say(
                "ADDED", #"{"metadata": {"name": "n1", "labels": {"zone": "z1"}}}"#,
                to: "/api/v1/nodes")
            cluster.say(
                "ADDED",
                #"{"metadata": {"name": "till", "namespace": "shop", "labels": {"app": "x"}}}"#,
                to: "/api/v1/services")
            let isFollowed = try await recorder.wait { recorder in
                guard let group = recorder.groups.first else { return false }
                return group.targets[0]["__meta_kubernetes_pod_name"] == "a"
                    && group.targets[0]["__meta_kubernetes_node_label_zone"] == "z1"
                    && group.labels["__meta_kubernetes_service_label_app"] == "x"
            }
            #expect(isFollowed)
        }
    }
}

struct ClusterAccessTests {
    @Test func `inside a cluster the service account asks, with its token read anew`() async throws
    {
        let folder = try TemporaryFolder("pod")
        try folder.write("shop\n", to: "namespace")
        let pod = PodSurroundings(
            variable: {
                ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"][$0]
            }, folder: folder.path)
        let config = try Configured.job(
            "kubernetes_sd_configs: [{role: pod, namespaces: {own_namespace: true}}]"
        ).discovery.kubernetes[0]
        let access = try await ClusterAccessFinder(config, in: pod).access()
        #expect(access.server.text == "https://[fd00::1]:6443/")
        #expect(access.options.authorization == .bearer(.file(folder.file("token"))))
        #expect(access.options.tls.authorities == .file(folder.file("ca.crt")))
        #expect(access.ownNamespace == "shop")
    }

    @Test func `outside a cluster there is nothing to ask, until there is`() async throws {
        let config = try Configured.job("kubernetes_sd_configs: [{role: pod}]")
            .discovery.kubernetes[0]
        let pod = PodSurroundings(variable: { _ in nil }, folder: "/nowhere")
        let source = KubernetesSource(
            config, Configured.surroundings(), pod: pod,
            pace: RetryPace(from: .milliseconds(1), to: .milliseconds(2)))
        try await source.recorded { recorder in
            let hasFailed = try await recorder.wait { $0.failures.count >= 3 }
            #expect(hasFailed)
            #expect(
                recorder.failures[0] == "Weir does not run in a cluster: KUBERNETES_SERVICE_HOST "
                    + "and KUBERNETES_SERVICE_PORT are not set; add api_server or kubeconfig_file")
        }
    }

    @Test func `a kubeconfig file leads to its cluster with its token`() async throws {
        let cluster = try FakeCluster()
        cluster.set("/api/v1/nodes", pages: [])
        let folder = try TemporaryFolder("kube")
        try folder.write("sesame\n", to: "token")
        let path = try folder.write(
            """
            current-context: c
            clusters: [{name: c, cluster: {server: "\(cluster.url)/"}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            users: [{name: u, user: {tokenFile: token}}]
            """, to: "config")
        let config = try Configured.job(
            "kubernetes_sd_configs: [{role: node, kubeconfig_file: \"\(path)\"}]"
        ).discovery.kubernetes[0]
        try await KubernetesSource(config, Configured.surroundings()).recorded { recorder in
            let isListed = try await recorder.wait { !$0.all.isEmpty }
            #expect(isListed)
            #expect(recorder.failures == [])
        }
        #expect(cluster.conversations[0]["Authorization"] == "Bearer sesame")
        #expect(cluster.conversations[0].path == "/api/v1/nodes?limit=500")
    }
}
