package import Runtime

/// Every setting of the notification service; there is one channel, the log.
package struct NotificationConfiguration: ServiceConfiguration {
    /// Nil: for ever.
    var retention: Duration?

    package init(reading settings: inout Settings) {
        retention = settings.retention(
            "NOTIFICATION_RETENTION", default: .seconds(90 * 86_400), "how long a notification is kept")
    }
}
