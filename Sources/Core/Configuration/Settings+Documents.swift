import YAML

extension Settings {
    /// The JSON schema of `weir.yml`, for editors.
    public static var jsonSchema: String {
        YAMLSchema.json(table.shape, title: "weir.yml: Weir's own settings")
    }

    /// Every field and every variable as Markdown, for `docs/configuration.md`.
    ///
    /// The blocks that `prometheus.yml` has too stand there.
    public static var reference: String {
        let rows = SettingsEnvironment.variables.map { variable in
            "| `\(variable.name)` | `\(variable.path.joined(separator: "."))` |\n"
        }
        return YAMLReference.markdown(table.shape, without: WeirConfig.shape) + """

            ### Environment variables

            | variable | field |
            |---|---|
            \(rows.joined())
            """
    }

    /// The settings as YAML, defaults filled in and secrets hidden.
    public var yaml: String { YAMLWriter.text(Self.table.encode(self)) }
}
