// What Swift can't say to libcurl itself: its variadic functions, one typed wrapper per kind of option; the union in
// CURLMsg; and a joinable thread that takes no signals.
#pragma once

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static inline CURLcode csp_global_init(void) { return curl_global_init(CURL_GLOBAL_ALL); }

static inline CURLcode csp_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode csp_set_offset(CURL *easy, CURLoption option, int64_t value) {
    return curl_easy_setopt(easy, option, (curl_off_t)value);
}

static inline CURLcode csp_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode csp_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

/// Copies the body into the handle; NULL with a count of 0 is an empty one.
static inline CURLcode csp_set_body(CURL *easy, const uint8_t *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes ? (const char *)bytes : "");
}

static inline CURLcode csp_set_callbacks(CURL *easy, void *context, curl_write_callback head, curl_write_callback body,
                                         curl_prereq_callback before_request) {
    CURLcode code = CURLE_OK;
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PRIVATE, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, head);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    return code;
}

static inline void *csp_context(CURL *easy) {
    void *context = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&context);
    return context;
}

static inline long csp_get_long(CURL *easy, CURLINFO info) {
    long value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}

static inline CURLMcode csp_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// The next transfer that has ended, with its code; NULL when there is none.
static inline CURL *csp_multi_next_ended(CURLM *multi, CURLcode *code) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/// Starts a thread with every signal blocked: the process's signals go elsewhere, and a SIGPIPE out of TLS stays harmless.
static inline bool csp_thread_start(void *(*body)(void *), void *context, uintptr_t *thread) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t started;
    int failed = pthread_create(&started, NULL, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *thread = failed ? 0 : (uintptr_t)started;
    return !failed;
}

static inline void csp_thread_join(uintptr_t thread) { pthread_join((pthread_t)thread, NULL); }

/// Names the calling thread; at most 15 characters.
static inline void csp_thread_name(const char *name) {
#ifdef __linux__
    prctl(PR_SET_NAME, name, 0, 0, 0);
#else
    pthread_setname_np(name);
#endif
}
