package import GRDB

/// The `WHERE` of a list: the filters that were asked for, and where the page begins.
///
/// The first filter that is given is looked up in an index, which has the list's order as well. The others
/// only sift the rows found: the `+` before their columns keeps them from an index. SQLite has no statistics
/// here, and would choose any.
package struct ListConditions {
    private var terms: [String] = []
    private var values: [(any DatabaseValueConvertible)?] = []

    /// - Parameters:
    ///   - filters: columns with the value that is asked for; nil asks for all. The one with the fewest rows
    ///     a value comes first.
    ///   - start: what begins the page, such as `id < ?`, and its value; nil begins the list.
    package init(
        _ filters: KeyValuePairs<String, (any DatabaseValueConvertible)?>,
        from start: (condition: String, value: (any DatabaseValueConvertible)?)
    ) {
        for (column, value) in filters where value != nil {
            terms.append(terms.isEmpty ? "\(column) = ?" : "+\(column) = ?")
            values.append(value)
        }
        if let value = start.value {
            terms.append(start.condition)
            values.append(value)
        }
    }

    /// Empty where everything is asked for.
    package var sql: String { terms.isEmpty ? "" : "WHERE " + terms.joined(separator: " AND ") }

    /// Those of ``sql``, and the list's limit.
    package func arguments(limit: Int) -> StatementArguments { StatementArguments(values + [limit]) }
}
