import YAML

extension ForeignKind {
    /// Catalogs of services.
    static let catalogs: [ForeignKind] = [
        ForeignKind(
            "eureka", "Instances of Netflix's Eureka.",
            [field("server", .url(), "The server.", required: true), refresh("30s")]),
        ForeignKind(
            "kuma", "Proxies of a Kuma mesh.",
            [
                field("server", .url(), "The control plane.", required: true),
                text("client_id", "Weir's name there."), refresh("30s"),
                field(
                    "fetch_timeout", .duration, "How long one question may take.", standard: "2m"),
            ]),
        ForeignKind(
            "marathon", "Applications of Marathon.",
            [
                field("servers", servers, "The servers.", required: true),
                secret("auth_token", "The token."),
                field("auth_token_file", .path, "A file with the token."), refresh("30s"),
            ]
        ) { _, block, decoding in
            allowOne(
                [
                    "auth_token", "auth_token_file", "basic_auth", "bearer_token",
                    "bearer_token_file", "authorization",
                ], in: block, &decoding)
        },
        ForeignKind("nerve", "Services of Nerve in ZooKeeper.", hasHTTP: false, zookeeper),
        ForeignKind(
            "nomad", "Services of Nomad.",
            [
                field("allow_stale", .boolean, "Lets any server answer.", standard: "true"),
                text("namespace", "The namespace.", standard: "default"), refresh(),
                text("region", "The region.", standard: "global"),
                field(
                    "server", .filled("server"), "The server.", standard: "http://localhost:4646"),
                text("tag_separator", "What joins tags.", standard: ","),
            ]),
        ForeignKind(
            "puppetdb", "Resources of PuppetDB.",
            [
                field("url", .url(), "The server.", required: true),
                needed("query", "The query."),
                field(
                    "include_parameters", .boolean, "Makes labels of parameters.", standard: "false"
                ),
                refresh(), port(),
            ]),
        ForeignKind("serverset", "Server sets in ZooKeeper.", hasHTTP: false, zookeeper),
        ForeignKind(
            "triton", "Machines of Triton.", hasHTTP: false,
            [
                needed("account", "The account."),
                choice(
                    "role", ["container", "cn"], "What becomes a target.", standard: "container"),
                needed("dns_suffix", "What stands behind names."), needed("endpoint", "The API."),
                field("groups", .list(.text), "Which groups."), port(9163), refresh(),
                field("version", .whole(1...Int.max), "The API's version.", standard: "1"),
                field("tls_config", TLSConfig.table.codec, "TLS to the API."),
            ]),
        ForeignKind(
            "uyuni", "Systems of Uyuni.",
            [
                field("server", .url(), "The server.", required: true),
                needed("username", "The user."),
                secret("password", "The password.", required: true),
                text("entitlement", "What systems must have.", standard: "monitoring_entitled"),
                text("separator", "What joins groups.", standard: ","), refresh(),
            ]),
    ]

    private static let zookeeper: [Field] = [
        field("servers", servers, "The servers.", required: true),
        field("paths", paths, "The paths.", required: true),
        field("timeout", .duration, "How long one question may take.", standard: "10s"),
    ]

    private static let servers = YAMLCodec<[String]>.list(.text).checked { values, node, decoding in
        if values.isEmpty { decoding.error("servers is empty", "name a server", at: node.mark) }
    }

    private static let paths = YAMLCodec<[String]>.list(.text).checked { values, node, decoding in
        if values.isEmpty { decoding.error("paths is empty", "write a path", at: node.mark) }
        guard case .list(let nodes) = node.content else { return }
        for (path, node) in zip(values, nodes) where !path.hasPrefix("/") {
            decoding.error("the path \"\(path)\" does not begin with /", "add it", at: node.mark)
        }
    }
}
