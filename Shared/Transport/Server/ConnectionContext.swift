package import Hummingbird
import NIOCore

/// Hummingbird's context of a request, with the connection that it came on, which a fault may end.
package struct ConnectionContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    let connection: any Channel

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        connection = source.channel
    }
}
