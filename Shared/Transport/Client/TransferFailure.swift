import CCurl

/// libcurl's errors as the client's. Whether the request had begun to be sent is decided first.
func clientError(_ code: CURLcode, requestWasSent: Bool, systemError: Int, _ text: String) -> HTTPClientError
{
    guard requestWasSent else {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .invalidRequest(text)
        default: return .unreachable(text)
        }
    }
    switch code {
    case CURLE_OPERATION_TIMEDOUT:
        return .timeout
    case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_ERROR, CURLE_ABORTED_BY_CALLBACK,
        CURLE_COULDNT_CONNECT:
        return .closed(text)
    case CURLE_RECV_ERROR where systemError != 0:
        return .closed(text)
    case CURLE_FILESIZE_EXCEEDED:
        return .bodyTooLarge
    default:
        // Not HTTP, HTTP/0.9, a broken header; a broken chunk, which libcurl reports as CURLE_RECV_ERROR
        // without an errno.
        return .garbage(text)
    }
}
