import Foundation

/// The products and coupons of the shop.
enum Catalogue {
    static let stock = ["APPLE": 60, "BREAD": 25, "CHEESE": 12, "DATES": 200]
    static let limits = ["SAVE": 3, "ONCE": 1, "LARGE": 2]
    static let offline: Set = ["SAVE", "ONCE"]
    static let skus = stock.keys.sorted()

    private static let products = """
        sku,name,department,price,stock
        APPLE,Apples,FRUIT,100,60
        BREAD,Bread,BAKERY,250,25
        CHEESE,Cheese,DAIRY,99,12
        DATES,Dates,FRUIT,40,200

        """
    private static let coupons = """
        code,amount_off,limit_per_customer,eligible_skus,offline
        SAVE,150,3,APPLE BREAD CHEESE,true
        ONCE,150,1,APPLE BREAD CHEESE,true
        LARGE,150,2,APPLE BREAD CHEESE,false

        """

    /// Writes the services' seed files into a folder.
    static func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try products.write(toFile: folder + "/products.csv", atomically: true, encoding: .utf8)
        try coupons.write(toFile: folder + "/coupons.csv", atomically: true, encoding: .utf8)
    }
}
