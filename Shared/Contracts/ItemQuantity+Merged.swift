extension [ItemQuantity] {
    /// One line a SKU, in the order of first mention.
    package var merged: [ItemQuantity] {
        var position: [String: Int] = [:]
        var lines: [ItemQuantity] = []
        for item in self {
            if let index = position[item.sku] {
                lines[index].quantity += item.quantity
            } else {
                position[item.sku] = lines.count
                lines.append(item)
            }
        }
        return lines
    }
}
