import Foundation

/// The products and coupons of the shop.
enum Catalogue {
    /// Costs nothing, as long as its price isn't changed.
    static let gift = "GIFT"
    static let stock = ["APPLE": 60, "BREAD": 25, "CHEESE": 12, "DATES": 200, gift: 30]
    static let skus = stock.keys.sorted()
    /// What customers want where reservations are to be missed when they have run out.
    static let scarce = ["BREAD", "CHEESE", "CHEESE"]

    static let save = "SAVE"
    /// Two characters in one normal form of Unicode, and five in the other.
    static let once = "\u{CD94}\u{C11D}"
    /// As long as a code may be.
    static let large = "LARGE" + String(repeating: "E", count: 250)
    static let limits = [save: 3, once: 1, large: 2]
    static let offline: Set = [save, once]

    private static let products = """
        sku,name,department,price,stock
        APPLE,Apples,FRUIT,100,60
        BREAD,Bread,BAKERY,250,25
        CHEESE,Cheese,DAIRY,99,12
        DATES,Dates,FRUIT,40,200
        GIFT,A gift,OTHER,0,30

        """
    private static let coupons = """
        code,amount_off,limit_per_customer,eligible_skus,offline
        \(save),150,3,APPLE BREAD CHEESE,true
        \(once),150,1,APPLE BREAD CHEESE,true
        \(large),150,2,APPLE BREAD CHEESE,false

        """

    /// Writes the services' seed files into a folder.
    static func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try products.write(toFile: folder + "/products.csv", atomically: true, encoding: .utf8)
        try coupons.write(toFile: folder + "/coupons.csv", atomically: true, encoding: .utf8)
    }
}
