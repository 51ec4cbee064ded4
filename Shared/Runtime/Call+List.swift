package import Storage
package import Transport

extension Call {
    /// 200 with the page of a list that `limit` and `cursor` ask for, read and encoded in the list's turn.
    /// - Parameters:
    ///   - filters: the list's other query parameters.
    ///   - list: the list by these, whose values it checks.
    /// - Throws: 422 for a parameter that is out of range or that the list doesn't have.
    package func list(
        filters: [String] = [], _ list: (inout FieldCheck) -> KeysetList
    ) async throws -> Answer {
        var check = FieldCheck()
        let paging = Paging(self, filters: filters, &check)
        let list = list(&check)
        try check.finish()
        return try await list.page(
            after: paging.after, limit: paging.limit, bytes: Paging.largestPage, until: deadline
        ) { page in
            try await paging.answer(
                page.items, areMore: page.areMore, position: { $0.position }, encode: { try $0.encoded() })
        }
    }
}
