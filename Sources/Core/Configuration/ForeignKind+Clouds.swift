import YAML

extension ForeignKind {
    /// Amazon's services.
    static let amazon: [ForeignKind] = [
        ForeignKind(
            "aws", "Amazon's services, by role.",
            [
                choice(
                    "role", ["ec2", "ecs", "lightsail", "msk", "rds", "elasticache"],
                    "Which service.", required: true)
            ]
                + account + [filters, field("clusters", .list(.text), "Which clusters.")]),
        ForeignKind("ec2", "Machines of Amazon EC2.", account + [filters]),
        ForeignKind("lightsail", "Machines of Amazon Lightsail.", account),
    ]

    private static let account: [Field] = [
        text("region", "The region.", standard: "the machine's own"),
        text("endpoint", "Another address of the API."),
        text("access_key", "The key's name."),
        secret("secret_key", "The key."),
        text("profile", "A named profile."),
        text("role_arn", "The role that is taken on."),
        text("external_id", "The external id of that role."),
        refresh(), port(),
    ]

    /// Other providers of machines.
    static let clouds: [ForeignKind] = [
        ForeignKind(
            "azure", "Machines of Azure.",
            [
                text("environment", "The cloud.", standard: "AzurePublicCloud"),
                choice(
                    "authentication_method",
                    ["OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"],
                    "How Weir would prove who asks.", standard: "OAuth"),
                needed("subscription_id", "The subscription."),
                text("tenant_id", "The tenant."), text("client_id", "The client."),
                secret("client_secret", "The client's secret."),
                text("resource_group", "The resource group."), refresh("5m"), port(),
            ], check: checkAzure),
        ForeignKind(
            "digitalocean", "Droplets of DigitalOcean.",
            [
                choice(
                    "role", ["droplets", "databases"], "What becomes a target.",
                    standard: "droplets"), refresh(), port(),
            ]),
        ForeignKind(
            "gce", "Machines of Google Compute Engine.", hasHTTP: false,
            [
                needed("project", "The project."), needed("zone", "The zone."),
                text("filter", "Which of them."), refresh(), port(),
                text("tag_separator", "What joins tags.", standard: ","),
            ]),
        ForeignKind(
            "hetzner", "Servers of Hetzner.",
            [
                choice("role", ["robot", "hcloud"], "Which servers.", required: true),
                text("label_selector", "Which of them."), refresh(), port(),
            ]),
        ForeignKind(
            "ionos", "Servers of IONOS Cloud.",
            [needed("datacenter_id", "The data centre."), refresh(), port()]),
        ForeignKind(
            "linode", "Machines of Linode.",
            [
                text("region", "The region."), refresh(), port(),
                text("tag_separator", "What joins tags.", standard: ","),
            ]),
        ForeignKind(
            "oci", "Machines of Oracle's cloud.",
            [
                choice(
                    "authentication_method", ["api_key", "instance_principal"],
                    "How Weir would prove who asks.", standard: "api_key"),
                text("user", "The user."), text("fingerprint", "The key's fingerprint."),
                field("key_file", .path, "The key's file."),
                secret("key", "The key."),
                secret("pass_phrase", "The key's pass phrase."),
                field("pass_phrase_file", .path, "A file with the key's pass phrase."),
                text("tenancy", "The tenancy."), text("region", "The region."),
                text("compartment", "The compartment."),
                text("compartment_id", "The compartment's id."),
                refresh(), port(),
            ]),
        ForeignKind(
            "openstack", "Machines of OpenStack.", hasHTTP: false,
            [
                choice(
                    "role", ["hypervisor", "instance", "loadbalancer"], "What becomes a target.",
                    required: true),
                needed("region", "The region."),
                text("identity_endpoint", "Where Weir would prove who asks."),
                text("username", "The user."), text("userid", "The user's id."),
                secret("password", "The password."),
                text("domain_name", "The domain."), text("domain_id", "The domain's id."),
                text("project_name", "The project."), text("project_id", "The project's id."),
                text("application_credential_name", "The credential."),
                text("application_credential_id", "The credential's id."),
                secret("application_credential_secret", "The credential's secret."),
                field("all_tenants", .boolean, "Lists all projects.", standard: "false"),
                refresh(), port(),
                choice(
                    "availability", ["public", "admin", "internal"], "Which endpoint.",
                    standard: "public"),
                field("tls_config", TLSConfig.table.codec, "TLS to the API."),
            ], check: checkOpenStack),
        ForeignKind(
            "outscale", "Machines of Outscale.",
            [
                text("endpoint", "Another address of the API."),
                text("region", "The region.", standard: "eu-west-2"),
                needed("access_key", "The key's name."),
                secret("secret_key", "The key.", required: true),
                refresh(), port(),
            ]),
        ForeignKind(
            "ovhcloud", "Servers of OVHcloud.", hasHTTP: false,
            [
                needed("application_key", "The application."),
                secret("application_secret", "Its secret.", required: true),
                secret("consumer_key", "The consumer's key.", required: true),
                choice("service", ["vps", "dedicated_server"], "Which servers.", required: true),
                text("endpoint", "The API.", standard: "ovh-eu"), refresh(),
            ]),
        ForeignKind(
            "scaleway", "Servers of Scaleway.",
            [
                needed("access_key", "The key's name."), secret("secret_key", "The key."),
                field("secret_key_file", .path, "A file with the key."),
                needed("project_id", "The project."),
                choice("role", ["instance", "baremetal"], "Which servers.", required: true),
                text("api_url", "The API.", standard: "https://api.scaleway.com"),
                text("zone", "The zone.", standard: "fr-par-1"),
                text("name_filter", "Part of their names."),
                field("tags_filter", .list(.text), "Their tags."), refresh(), port(),
            ]
        ) { _, block, decoding in
            allowOne(["secret_key", "secret_key_file"], in: block, &decoding)
            if block.present(["secret_key", "secret_key_file"]).isEmpty {
                decoding.error("scaleway_sd_config has no secret_key", "add it", at: block.mark)
            }
        },
        ForeignKind(
            "stackit", "Servers of STACKIT.",
            [
                text("project", "The project."), text("region", "The region.", standard: "eu01"),
                text("endpoint", "Another address of the API."),
                secret("service_account_key", "The account's key."),
                secret("private_key", "The private key."),
                field("service_account_key_path", .path, "A file with the account's key."),
                field("private_key_path", .path, "A file with the private key."),
                field("credentials_file_path", .path, "A file with credentials."),
                refresh(), port(),
            ]),
        ForeignKind("vultr", "Machines of Vultr.", [refresh(), port()]),
    ]

    private static let checkAzure: Check = { value, block, decoding in
        let method = value.values["authentication_method"].flatMap { node -> String? in
            guard case .scalar(let scalar) = node.content else { return nil }
            return scalar.text
        }
        guard method ?? "OAuth" == "OAuth" else { return }
        for name in ["tenant_id", "client_id", "client_secret"] where !block.has(name) {
            decoding.error(
                "azure_sd_config has no \(name), which OAuth needs", "add it", at: block.mark)
        }
    }

    private static let checkOpenStack: Check = { _, block, decoding in
        allowOne(["username", "userid"], in: block, &decoding)
        allowOne(["domain_name", "domain_id"], in: block, &decoding)
    }
}
