import Model
import YAML

/// `azuread`: tokens of Azure; checked, but not made.
struct AzureADConfig: Sendable, Hashable {
    struct Identity: Sendable, Hashable {
        var clientID = ""
        var clientSecret: Secret?
        var tenantID = ""
        var tokenFile = ""
        var certificate = ""
    }

    struct Cloud: Sendable, Hashable {
        var name = "AzurePublic"
        var endpoint = ""
        var audience = ""
    }

    var cloud = Cloud()
    var managedIdentity: Identity?
    var workloadIdentity: Identity?
    var oauth: Identity?
    var certificate: Identity?
    var sdk: Identity?
    var scope = ""

    private static let ways = [
        "managed_identity", "workload_identity", "oauth", "certificate", "sdk",
    ]

    static let table = YAMLTable<AzureADConfig>(
        "azuread", "Tokens of Azure. Checked, but not made.", make: { AzureADConfig() }
    ) { _, block, decoding in
        allowOne(ways, in: block, &decoding)
        let none = ways.allSatisfy { block[$0] == nil }
        if none {
            decoding.error(
                "azuread has no \(ways.joined(separator: ", "))", "add one of them", at: block.mark)
        }
    } fields: {
        YAMLField("cloud", \.cloud, cloudCodec, "The cloud.")
        YAMLField("managed_identity", \.managedIdentity, managed.codec, "The machine's identity.")
        YAMLField(
            "workload_identity", \.workloadIdentity, workload.codec, "The workload's identity.")
        YAMLField("oauth", \.oauth, application.codec, "An application's secret.")
        YAMLField("certificate", \.certificate, certified.codec, "An application's certificate.")
        YAMLField("sdk", \.sdk, environment.codec, "What the environment says.")
        YAMLField("scope", \.scope, .text, "What the token is to allow.")
    }

    private static let clouds = ["AzurePublic", "AzureChina", "AzureGovernment", "AzureCustom"]

    // The cloud is a name, or a block for one of its own.
    private static let cloudCodec = YAMLCodec<Cloud>(.choice(clouds)) { node, decoding in
        if case .map = node.content { return cloudTable.decode(node, &decoding) }
        return YAMLCodec<String>.choice(clouds).read(node, &decoding).map { Cloud(name: $0) }
    } write: {
        .text($0.name)
    }

    private static let cloudTable = YAMLTable<Cloud>(
        "azuread_cloud", "A cloud of one's own.", make: { Cloud() }
    ) {
        YAMLField("name", \.name, .choice(clouds), "Its name.")
        YAMLField("aad_endpoint", \.endpoint, .text, "Where tokens are asked for.")
        YAMLField("token_audience", \.audience, .text, "Whom tokens are for.")
    }

    private static let managed = YAMLTable<Identity>(
        "azuread_managed_identity", "The machine's identity.", make: { Identity() }
    ) {
        YAMLField("client_id", \.clientID, .text, "The client.")
    }

    private static let workload = YAMLTable<Identity>(
        "azuread_workload_identity", "The workload's identity.", make: { Identity() }
    ) {
        YAMLField("client_id", \.clientID, .filled("client_id"), required: true, "The client.")
        YAMLField("tenant_id", \.tenantID, .filled("tenant_id"), required: true, "The tenant.")
        YAMLField("token_file_path", \.tokenFile, .path, "The file of the workload's token.")
    }

    private static let application = YAMLTable<Identity>(
        "azuread_oauth", "An application's secret.", make: { Identity() }
    ) {
        YAMLField("client_id", \.clientID, .filled("client_id"), required: true, "The client.")
        YAMLField("client_secret", \.clientSecret, .secret, required: true, "Its secret.")
        YAMLField("tenant_id", \.tenantID, .filled("tenant_id"), required: true, "The tenant.")
    }

    private static let certified = YAMLTable<Identity>(
        "azuread_certificate", "An application's certificate.", make: { Identity() }
    ) {
        YAMLField("client_id", \.clientID, .filled("client_id"), required: true, "The client.")
        YAMLField(
            "certificate_path", \.certificate, .path, required: true, "The certificate's file.")
        YAMLField("certificate_password", \.clientSecret, .secret, "The certificate's password.")
        YAMLField("tenant_id", \.tenantID, .filled("tenant_id"), required: true, "The tenant.")
    }

    private static let environment = YAMLTable<Identity>(
        "azuread_sdk", "What the environment says.", make: { Identity() }
    ) {
        YAMLField("tenant_id", \.tenantID, .text, "The tenant.")
    }
}

/// `google_iam`: tokens of Google; checked, but not made.
struct GoogleIAMConfig: Sendable, Hashable {
    var credentialsFile = ""

    static let table = YAMLTable<GoogleIAMConfig>(
        "google_iam", "Tokens of Google. Checked, but not made.", make: { GoogleIAMConfig() }
    ) {
        YAMLField("credentials_file", \.credentialsFile, .path, "The file of the credentials.")
    }
}
