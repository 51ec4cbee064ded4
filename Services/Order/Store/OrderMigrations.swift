import Queue
package import Storage

extension OrderApplication {
    /// In the order in which they came; none is ever edited.
    package static let migrations = [
        OrderTable.migration, PromiseTable.migration, CouponClaimTable.migration,
        FallbackTable.products.migration("catalogue-1"), FallbackTable.coupons.migration("known-coupons-1"),
        DurableQueue.migration, lanes, CouponClaimTable.states, RefundTable.migration, OrderTable.lists,
        DurableQueue.counts, OrderTable.retention, CouponClaimTable.byOrder, OrderTable.transitions,
        DurableQueue.traces, OrderTable.degraded,
    ]

    /// Lanes were dependencies once. In words of its own, since a migration doesn't change with the code.
    private static let lanes = Store.Migration(
        "order-lanes-2",
        """
        UPDATE queue SET lane = CASE kind
            WHEN 'commit-reservation' THEN 'commit' WHEN 'release-reservation' THEN 'release'
            WHEN 'void-payment' THEN 'void' WHEN 'refund-coupon' THEN 'refund'
            WHEN 'release-redemption' THEN 'redemption-release' WHEN 'repair-coupon' THEN 'redemption' \
        ELSE lane END
        WHERE lane IN ('inventory', 'payment', 'coupon')
        """)
}
