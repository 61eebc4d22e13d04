import Crypto
import HTTPFetch
import YAML

/// A kubeconfig file: clusters, users, and the context that says who asks which.
struct Kubeconfig {
    private let root: YAMLNode
    private let file: String

    /// Takes the nodes of the file at `file`.
    init(_ document: YAMLDocument) throws(DiscoveryError) {
        file = document.file
        guard let root = document.root, case .map = root.content else {
            throw .badSettings(reason: "\(document.file): it holds no kubeconfig")
        }
        self.root = root
    }

    /// How the API is reached as the current context says, or as the only one where none is named.
    func access() throws(DiscoveryError) -> ClusterAccess {
        let context = try entry("context", named: currentContext())
        let cluster = try entry("cluster", named: text(context["cluster"]))
        let server = text(cluster["server"])
        guard !server.isEmpty else { throw failure("the cluster has no server") }
        var options = HTTPClientOptions()
        try setTrust(&options, cluster)
        let user = text(context["user"])
        if !user.isEmpty { try setIdentity(&options, entry("user", named: user)) }
        do throws(HTTPFetchError) {
            return ClusterAccess(server: try HTTPAddress(server), options: options)
        } catch {
            throw failure("the server of the cluster: \(error)")
        }
    }

    private func currentContext() throws(DiscoveryError) -> String {
        let name = text(root["current-context"])
        guard name.isEmpty else { return name }
        guard case .list(let contexts)? = root["contexts"]?.content, contexts.count == 1 else {
            throw failure("there is no current-context")
        }
        return text(contexts[0]["name"])
    }

    /// What stands under `kind` in the entry of this name in the list `kind` + `s`.
    private func entry(_ kind: String, named name: String) throws(DiscoveryError) -> YAMLNode {
        if case .list(let entries)? = root[kind + "s"]?.content,
            let entry = entries.first(where: { text($0["name"]) == name }), let value = entry[kind]
        {
            return value
        }
        throw failure("there is no \(kind) \"\(YAMLComplaint.short(name))\"")
    }

    private func setTrust(_ options: inout HTTPClientOptions, _ cluster: YAMLNode)
        throws(DiscoveryError)
    {
        options.tls.authorities = try pem("certificate-authority", in: cluster)
        options.tls.skipsVerification = text(cluster["insecure-skip-tls-verify"]) == "true"
        let name = text(cluster["tls-server-name"])
        if !name.isEmpty { options.tls.serverName = name }
        let proxy = text(cluster["proxy-url"])
        if !proxy.isEmpty { options.proxy.url = HiddenText(proxy) }
    }

    private func setIdentity(_ options: inout HTTPClientOptions, _ user: YAMLNode)
        throws(DiscoveryError)
    {
        for name in ["exec", "auth-provider"] {
            guard let node = user[name], !node.isNull else { continue }
            throw failure(
                "its user gets credentials from a program (\(name)), which Weir does not run; "
                    + "write a token, a tokenFile or a client certificate")
        }
        options.tls.certificate = try pem("client-certificate", in: user)
        options.tls.key = try pem("client-key", in: user)
        let tokenFile = text(user["tokenFile"])
        let (token, name) = (text(user["token"]), text(user["username"]))
        if !tokenFile.isEmpty {
            options.authorization = .bearer(.file(path(tokenFile)))
        } else if !token.isEmpty {
            options.authorization = .bearer(.text(token))
        } else if !name.isEmpty {
            options.authorization = .basic(
                username: .text(name), password: .text(text(user["password"])))
        }
        setImpersonation(&options, user)
    }

    private func setImpersonation(_ options: inout HTTPClientOptions, _ user: YAMLNode) {
        let other = text(user["as"])
        guard !other.isEmpty else { return }
        options.headers.append(CustomHeader("Impersonate-User", values: [other]))
        if case .list(let groups)? = user["as-groups"]?.content, !groups.isEmpty {
            options.headers.append(
                CustomHeader("Impersonate-Group", values: groups.map { text($0) }))
        }
    }

    /// A certificate or key: the bytes themselves under `name-data`, or a file.
    private func pem(_ name: String, in node: YAMLNode) throws(DiscoveryError) -> SecretSource? {
        let data = text(node[name + "-data"])
        if !data.isEmpty {
            guard let bytes = Base64.standard.decode(data.filter { !$0.isWhitespace }) else {
                throw failure("\(name)-data is no base64")
            }
            return .text(String(decoding: bytes, as: UTF8.self))
        }
        let file = text(node[name])
        return file.isEmpty ? nil : .file(path(file))
    }

    /// A path as it is meant from the folder of the file.
    private func path(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return folder.isEmpty ? path : folder.joined(separator: "/") + "/" + path
    }

    private func text(_ node: YAMLNode?) -> String {
        guard case .scalar(let scalar)? = node?.content, !scalar.isNull else { return "" }
        return scalar.text
    }

    private func failure(_ reason: String) -> DiscoveryError {
        .badSettings(reason: "\(file): \(reason)")
    }
}
