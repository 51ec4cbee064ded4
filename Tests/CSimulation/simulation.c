#define _GNU_SOURCE
#include "CSimulation.h"

#ifdef __linux__

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// MARK: Tasks

#define SWIFT __attribute__((swiftcall))

typedef SWIFT void (*original_t)(void *job);
typedef SWIFT void (*original_delay_t)(unsigned long long, void *job);
typedef SWIFT void (*original_deadline_t)(long long, long long, long long, long long, int, void *job);

SWIFT void swift_job_run(void *job, void *identity, void *implementation);

static sim_enqueue enqueue_job;
static sim_enqueue_after enqueue_job_after;

static SWIFT void on_enqueue(void *job, original_t original) { enqueue_job(job); }

static SWIFT void on_delay(unsigned long long delay, void *job, original_delay_t original) {
    enqueue_job_after(delay, job);
}

/// The deadline is of a clock that the simulation owns, so what is left of it is simulated time.
static SWIFT void on_deadline(
    long long seconds, long long nanoseconds, long long tolerance_seconds, long long tolerance_nanoseconds, int clock,
    void *job, original_deadline_t original) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long left = (seconds - now.tv_sec) * 1000000000LL + nanoseconds - now.tv_nsec;
    enqueue_job_after(left > 0 ? (uint64_t)left : 0, job);
}

bool sim_take_over_tasks(sim_enqueue enqueue, sim_enqueue_after after) {
    void **global = dlsym(RTLD_DEFAULT, "swift_task_enqueueGlobal_hook");
    void **delay = dlsym(RTLD_DEFAULT, "swift_task_enqueueGlobalWithDelay_hook");
    void **deadline = dlsym(RTLD_DEFAULT, "swift_task_enqueueGlobalWithDeadline_hook");
    void **main = dlsym(RTLD_DEFAULT, "swift_task_enqueueMainExecutor_hook");
    if (!global || !delay || !deadline || !main) return false;
    enqueue_job = enqueue;
    enqueue_job_after = after;
    *global = (void *)on_enqueue;
    *main = (void *)on_enqueue;
    *delay = (void *)on_delay;
    *deadline = (void *)on_deadline;
    return true;
}

void sim_run(void *job) { swift_job_run(job, NULL, NULL); }

// MARK: Time and chance

// The functions below stand in front of the C library's own: the dynamic linker finds those of the executable first, also for
// the Swift runtime, Foundation and SQLite.

/// 2026-01-05T12:00:00Z, when every simulation begins.
static const int64_t beginning = 1767614400LL * 1000000000LL;
/// So that no clock says zero.
static const int64_t uptime = 1000LL * 1000000000LL;

/// Of the one thread on which everything is simulated; threads of libraries that wait for the system keep real time.
static __thread bool is_ours;
static int64_t simulated;
static uint64_t chance;

static int real_clock(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    return real(clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (!is_ours) return real_clock(clock, time);
    int64_t now = simulated + (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? beginning : uptime);
    time->tv_sec = now / 1000000000LL;
    time->tv_nsec = now % 1000000000LL;
    return 0;
}

/// SplitMix64.
static uint64_t next_chance(void) {
    uint64_t mixed = chance += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

static void fill(void *bytes, size_t count) {
    unsigned char *at = bytes;
    while (count > 0) {
        uint64_t word = next_chance();
        size_t part = count < 8 ? count : 8;
        memcpy(at, &word, part);
        at += part;
        count -= part;
    }
}

ssize_t getrandom(void *bytes, size_t count, unsigned flags) {
    if (is_ours) {
        fill(bytes, count);
        return (ssize_t)count;
    }
    static ssize_t (*real)(void *, size_t, unsigned);
    if (!real) real = dlsym(RTLD_NEXT, "getrandom");
    return real(bytes, count, flags);
}

/// The Swift runtime asks for random bytes by the number of the system call.
long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long argument[6];
    for (int index = 0; index < 6; index++) argument[index] = va_arg(list, long);
    va_end(list);
    if (number == SYS_getrandom && is_ours && argument[0] != 0) return getrandom((void *)argument[0], (size_t)argument[1], 0);
    static long (*real)(long, ...);
    if (!real) real = dlsym(RTLD_NEXT, "syscall");
    return real(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

void sim_take_over_time_and_chance(uint64_t seed) {
    chance = seed;
    simulated = 0;
    is_ours = true;
}

void sim_set_time(int64_t nanoseconds) { simulated = nanoseconds; }

int64_t sim_processor_time(void) {
    struct timespec time;
    real_clock(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void sim_start_anew(char **arguments) {
    if (getenv("SIMULATOR_STARTED")) return;
    setenv("SIMULATOR_STARTED", "1", 1);
    setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1);
    int now = personality(0xffffffff);
    if (now != -1) personality((unsigned long)now | ADDR_NO_RANDOMIZE);
    execv("/proc/self/exe", arguments);
}

#else

// Elsewhere the C library's functions can't be stood in front of that way.

bool sim_take_over_tasks(sim_enqueue enqueue, sim_enqueue_after after) { return false; }
void sim_run(void *job) {}
void sim_take_over_time_and_chance(uint64_t seed) {}
void sim_set_time(int64_t nanoseconds) {}
int64_t sim_processor_time(void) { return 0; }
void sim_start_anew(char **arguments) {}

#endif
