package import Runtime

/// The notification service has no knobs of its own: there is one channel, the log.
package struct NotificationConfiguration: ServiceConfiguration {
    package init(reading settings: inout Settings) {}
}
