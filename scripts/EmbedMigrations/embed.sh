#!/bin/sh
# Writes SQL files into a Swift file: embed.sh OUTPUT FILE…
set -eu
output=$1
shift
{
    echo 'extension Migration {'
    echo '    /// What `migrations/` held when the program was built, in the order of the numbers.'
    echo '    public static let embedded: [Migration] = ['
    for file; do
        if grep -q '"""###' "$file"; then
            echo "$file: a migration must not hold a quotation mark three times before ###" >&2
            exit 1
        fi
        printf '        Migration(\n            file: "%s",\n            sql: ###"""\n' "$(basename "$file")"
        cat "$file"
        printf '\n"""###),\n'
    done
    echo '    ]'
    echo '}'
} >"$output.new"
mv "$output.new" "$output"
